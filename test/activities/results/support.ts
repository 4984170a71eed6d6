import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ReadResultsInput, RowsPage } from '../../../src/activities/results/read-results.js';
import type { JobReference } from '../../../src/activities/types.js';
import { DEFAULT_POLL } from '../../../src/protocol/index.js';
import { type EmulatorOptions, type LlamaCloudEmulator, TARGETS } from '../../../src/testing/emulator/index.js';
import { type ActivityEnvironment, addBatch, run, runIn, startActivityEnvironment } from '../support.js';

export const GRACE_MS = 120_000;

/** A batch over three files, and how to read its results. */
export async function startResults(emulator: EmulatorOptions = {}, requestsPerSecond?: number) {
  const env = await startActivityEnvironment({
    emulator,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  });
  const batch = await addBatch(env);
  const [a = '', b = '', c = ''] = batch.directory.files.map(({ id }) => id);
  const storeId = await env.outputs.id();
  /** @param waitedMs Since the results were first asked for. */
  const read = (waitedMs = 0, input: Partial<ReadResultsInput> = {}): ReadResultsInput => ({
    batchId: batch.id,
    directoryId: batch.directory.id,
    firstRunId: 'run-1',
    storeId,
    parts: 0,
    skipStored: null,
    pageSize: 10,
    graceMs: GRACE_MS,
    sinceMs: Date.now() - waitedMs,
    poll: DEFAULT_POLL,
    ...input,
  });
  return { env, batch, read, a, b, c };
}

export const row = (fileId: string | null, jobId: string | null, error: string | null = null) => ({
  source_directory_file_id: fileId,
  job_reference: jobId === null ? null : { type: 'parse_v2', id: jobId },
  error_message: error,
});

export const setRows = ({ emulator }: ActivityEnvironment, batchId: string, rows: unknown) =>
  emulator.batches.setResults(batchId, () => rows);

/** Changes each file of a directory's list on its way out. */
export function editFiles(emulator: LlamaCloudEmulator, edit: (file: object) => object): void {
  emulator.rewrite(TARGETS.listFiles, (body) => {
    if (!(body instanceof Object && 'items' in body && Array.isArray(body.items)))
      throw new Error('there are no items');
    return { ...body, items: body.items.map(edit) };
  });
}

/** Writes a part of a run's manifest, of files that were skipped. */
export function writeLines(
  env: ActivityEnvironment,
  input: ReadResultsInput,
  part: number,
  files: readonly { fileId: string; job: JobReference | null }[],
): Promise<string> {
  const lines = files.map(({ fileId, job }) => ({
    ...{ fileId, jobId: job?.id ?? null, jobType: job?.type ?? null },
    ...{ name: null, output: null, bytes: null, sha256: null, credits: null },
    ...{ status: 'SKIPPED' as const, error: null },
  }));
  return run(env.activities.writeManifest, {
    ...input,
    lines,
    part,
    isLast: false,
    isPartial: false,
    documentCount: 0,
  });
}

/** Reads one page, with the warnings that it logs. */
export async function readLogged(
  env: ActivityEnvironment,
  input: ReadResultsInput,
  heartbeatDetails?: unknown,
): Promise<RowsPage & { warnings: object[] }> {
  const warnings: object[] = [];
  const logger = new DefaultLogger('WARN', ({ message, meta }) => warnings.push({ message, ...meta }));
  const info = { currentAttemptScheduledTimestampMs: Date.now(), heartbeatDetails };
  const page = await runIn(new MockActivityEnvironment(info, { logger }), env.activities.readResults, input);
  return { ...page, warnings };
}
