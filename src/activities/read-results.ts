import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchResult } from '../llamacloud/index.js';
import {
  type ApiScope,
  type CollectFormat,
  clip,
  JOB_TYPES,
  type JobOutcome,
  type JobType,
  type ResolvedPoll,
  SHORTEST_DELAY_MS,
  toRanges,
} from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { fileNames, namesSchema } from './file-names.js';
import { finishedFiles } from './finished-files.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';
import { digestOf, distinct, type PageOf, pageOf } from './results-page.js';
import { chunksOf, endedOf, jobOf } from './sweep.js';

export interface ReadResultsInput extends ApiScope {
  batchId: string;
  directoryId: string;
  /** COMPLETED, or CANCELLED: a cancelled batch may never get results. */
  status: string;
  /** Where the page before ended; missing for the first. */
  cursor?: ResultsCursor;
  /** Look for the documents of this format that are there already. Missing: everything is to be processed. */
  onlyFailed?: CollectFormat;
  pageSize: number;
  graceMs: number;
  /** When the results were first asked for, on whatever page, epoch milliseconds. Default: when this activity was scheduled. */
  sinceMs?: number;
  poll: ResolvedPoll;
}

/** Where a page ended: by the file, since rows may come and go between pages; by the count where that file is gone. */
export interface ResultsCursor {
  afterFileId: string;
  count: number;
}

/** One file of the batch: a `job` to be processed, an `error` that ends it, or a `document` that is there. */
export interface ResultRow {
  fileId: string;
  name?: string;
  job?: { id: string; type: JobType };
  error?: string;
  /** Of a file that is finished already. */
  document?: Partial<JobOutcome>;
}

export interface ResultsPage extends PageOf<ResultRow> {
  /** Missing where the jobs can't be looked at in bulk: each child then waits for its own. */
  jobs?: {
    /** Rows whose jobs have ended, as ranges. */
    ready: string;
    /** For {@link WatchJobsInput}. */
    digest: string;
  };
}

/**
 * Step 5: expands the results and returns a page of them. `null` results after COMPLETED are "not mapped yet", and a row
 * with neither a job nor an error may still get one: both are waited for, the rows for a grace period.
 */
export function readResults(deps: ActivityDeps) {
  return (input: ReadResultsInput): Promise<ResultsPage> => {
    const { batchId, projectId, organizationId } = input;
    return attempt('read', `results of batch ${batchId}`, async ({ nowMs, firstMs, signal, kept, keep }) => {
      const waitedMs = Math.max(0, nowMs - (input.sinceMs ?? firstMs));
      let names = namesSchema.safeParse(kept).data;
      // Temporal counts attempts against the limit: each request is to be one.
      if (deps.requestsPerSecond !== undefined && (names === undefined || names.next !== undefined)) {
        keep(await fileNames(deps, input, signal, waitedMs, names));
        throw new NotReady(
          'BatchNotReady',
          `batch ${batchId}: the names of its files are being read`,
          SHORTEST_DELAY_MS,
        );
      }
      const batch = await deps.llamacloud.getBatch(batchId, { expand: ['results'], projectId, organizationId, signal });
      const wait = (state: string) =>
        new NotReady('BatchNotReady', `batch ${batchId} ${state}`, pollDelayMs(input.poll, waitedMs));
      const results = batch.results ?? undefined;
      if (results === undefined) {
        if (input.status === 'CANCELLED' && waitedMs >= input.graceMs) return { rows: [], remaining: 0 };
        if (batch.status === 'FAILED')
          throw ApplicationFailure.nonRetryable(
            `batch ${batchId} turned out to have failed: it has no results`,
            'BatchFailed',
          );
        throw wait(`is ${input.status}, its results are not mapped yet`);
      }
      const all = distinct(results);
      const open = all.filter((row) => row.job_reference == null && row.error_message == null).length;
      if (open > 0 && waitedMs < input.graceMs)
        throw wait(`is ${input.status}, ${open} of ${all.length} files have no job yet`);
      names ??= await fileNames(deps, input, signal, waitedMs);
      const { byId } = names;
      const finished = input.onlyFailed && (await finishedFiles(deps.outputs, batchId, input.onlyFailed));
      const page = pageOf(all, input);
      const rows = page.rows.map((row) => toRow(row, byId[row.source_directory_file_id], finished));
      const ready = await firstSweep(deps, input, rows, signal);
      return { ...page, rows, ...(ready === undefined ? {} : { jobs: { ready, digest: digestOf(page.rows) } }) };
    });
  };
}

/** Most jobs have ended when their batch has: those need no more looking. Where the list fails now, `watchJobs` asks it again. */
async function firstSweep(
  deps: ActivityDeps,
  { projectId, organizationId }: ApiScope,
  rows: readonly ResultRow[],
  signal: AbortSignal,
): Promise<string | undefined> {
  // Where requests are limited, `watchJobs` makes them one by one.
  if (deps.requestsPerSecond !== undefined) return '';
  const jobs = rows.map(({ job, document }, row) => (document === undefined ? jobOf(row, job) : undefined));
  const ready: number[] = [];
  try {
    for (const chunk of chunksOf(jobs.filter((job) => job !== undefined))) {
      const ended = await endedOf(deps, chunk, 0, { projectId, organizationId, signal });
      if (ended === undefined) return undefined;
      ready.push(...ended);
    }
  } catch (error) {
    signal.throwIfAborted();
    log.warn('The jobs could not be looked at together', {
      error: error instanceof Error ? error.message : String(error),
    });
  }
  return toRanges(ready.sort((a, b) => a - b));
}

function toRow(
  { source_directory_file_id: fileId, job_reference: job, error_message: error }: BatchResult,
  name: string | undefined,
  finished: ReadonlyMap<string, Partial<JobOutcome>> | undefined,
): ResultRow {
  const document = finished?.get(fileId);
  const known = {
    fileId,
    ...(name === undefined ? {} : { name: clip(name) }),
    ...(document === undefined ? {} : { document }),
  };
  if (job == null) return { ...known, error: clip(error ?? 'LlamaCloud has neither a job nor an error for this file') };
  const type = JOB_TYPES.find((each) => each === job.type);
  if (type === undefined)
    return { ...known, error: clip(`job ${job.id} is of type ${job.type}, which is not known here`) };
  return { ...known, job: { id: job.id, type } };
}
