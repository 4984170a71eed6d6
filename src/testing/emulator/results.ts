import type { Batch, BatchRow, EmulatedResultRow } from './model.js';
import type { Project } from './project.js';
import { batchState, mappedAt } from './timeline.js';

/** The `results` of a batch now. A replacement that a test set is sent as it is, without shuffling. */
export function batchResults(batch: Batch, nowMs: number, project: Project): unknown {
  const rows = visibleRows(batch, nowMs, project);
  if (batch.editResults !== null) return batch.editResults(rows);
  return rows !== null && project.settings.shuffleResults ? project.random.shuffle('results', rows) : rows;
}

function visibleRows(batch: Batch, nowMs: number, { settings }: Project): EmulatedResultRow[] | null {
  const { status, sinceMs } = batchState(batch, nowMs, settings);
  if (status !== 'COMPLETED' && status !== 'CANCELLED') return null;
  const elapsedMs = nowMs - sinceMs;
  const nullMs = status === 'COMPLETED' ? settings.resultsNullMs : settings.cancelledResultsNullMs;
  if (elapsedMs < nullMs) return null;
  return batch.rows.flatMap((row, index) => {
    if (!isLate(index, settings.lateRowsShare)) return [resultRow(batch, row)];
    if (elapsedMs < settings.lateRowsMs) return [];
    return [elapsedMs < settings.lateJobsMs ? emptyRow(row) : resultRow(batch, row)];
  });
}

/** Late rows are spread evenly. The first row is one of them, so that a batch of one file has one too. */
function isLate(index: number, share: number): boolean {
  return Math.ceil((index + 1) * share) > Math.ceil(index * share);
}

function emptyRow(row: BatchRow): EmulatedResultRow {
  return { source_directory_file_id: row.fileId, job_reference: null, error_message: null };
}

function resultRow(batch: Batch, row: BatchRow): EmulatedResultRow {
  if (mappedAt(batch, row) === null) {
    return { ...emptyRow(row), error_message: 'the batch was cancelled before a job was created for this file' };
  }
  const { job } = row;
  return {
    source_directory_file_id: row.fileId,
    job_reference: job === null ? null : { type: job.referenceType ?? job.type, id: job.id },
    error_message: row.mappingError,
  };
}
