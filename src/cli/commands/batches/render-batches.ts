import type { Batch, BatchResult, ListedBatch } from '../../../llamacloud/index.js';
import { renderTable, toPrintable } from '../../text.js';

/** What stands for a value that LlamaCloud does not give. */
const MISSING = '-';

/** A batch for people, one field a line. */
export function renderBatch(batch: Batch): string[] {
  const { id, status, config, source_directory_id, created_at, updated_at, error_message } = batch;
  const job = config === undefined ? undefined : `${config.job.type}, ${config.job.configuration_id}`;
  const fields: readonly (readonly [name: string, value: unknown])[] = [
    ['Batch', id],
    ['Status', status],
    ['Directory', source_directory_id],
    ['Job', job],
    ['Created', created_at],
    ['Updated', updated_at],
    ['Error', error_message],
  ];
  const rows = fields.flatMap(([name, value]) => (typeof value === 'string' ? [[name, toPrintable(value)]] : []));
  return renderTable(rows, '');
}

/** The job of each file, or why there is none. */
export function renderResults(results: readonly BatchResult[] | null | undefined): string[] {
  if (results === null || results === undefined) return ['No results yet'];
  if (results.length === 0) return ['No results'];
  const rows = results.map(({ source_directory_file_id, job_reference, error_message }) => [
    toCell(source_directory_file_id),
    toCell(job_reference?.type),
    toCell(job_reference?.id),
    toCell(error_message),
  ]);
  return renderTable([['FILE', 'TYPE', 'JOB', 'ERROR'], ...rows], '');
}

/** Batches for people, one a line. */
export function renderBatches(batches: readonly ListedBatch[]): string[] {
  if (batches.length === 0) return ['There are no batches'];
  const rows = batches.map(({ id, status, created_at, source_directory_id, config }) => [
    toCell(id),
    toCell(status),
    toCell(created_at),
    toCell(source_directory_id),
    toCell(config?.job.type),
    toCell(config?.job.configuration_id),
  ]);
  return renderTable([['BATCH', 'STATUS', 'CREATED', 'DIRECTORY', 'JOB', 'CONFIGURATION'], ...rows], '');
}

function toCell(text: string | null | undefined): string {
  return text === null || text === undefined || text === '' ? MISSING : toPrintable(text);
}
