import type { CollectFormat, JobType, ResolvedPoll } from './input.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A batch has at most 1,000 files, each of which may take half an hour or more. */
export const DEFAULT_TIMEOUT_MS = 7 * DAY;

/** A parse job may take 30 minutes and 5 more a page; a day covers 280 pages. */
export const DEFAULT_JOB_TIMEOUT_MS = DAY;

/**
 * A parse job may take 30 minutes and 5 more a page: 2 hours cover 18 pages. A run counts as quiet only if no job ends at all, and being
 * called stuck costs nothing.
 */
export const DEFAULT_STUCK_AFTER_MS = 2 * HOUR;

/** Upper bound on every timeout: a longer one is most likely in the wrong unit. */
export const MAX_TIMEOUT_MS = 365 * DAY;

/** LlamaCloud maps files to jobs within seconds of COMPLETED. A file without a job after two minutes counts as failed. */
export const DEFAULT_RESULTS_GRACE_MS = 2 * MINUTE;

/** Upper bound on the poll interval, and the `maximumInterval` of every retry policy. */
export const MAX_POLL_MS = HOUR;

/** After the first 10 s a change is seen within 10 % of the time waited. An hour costs about 100 requests. */
export const DEFAULT_POLL: ResolvedPoll = {
  initialInterval: SECOND,
  latencyRatio: 0.1,
  maximumInterval: MINUTE,
};

/**
 * Measured on a local server: 40 open children are faster than 20 and than 250. While a workflow task runs, Temporal buffers at
 * most 100 events, and each open child adds up to two.
 */
export const DEFAULT_MAX_CONCURRENT_JOBS = 40;
export const MAX_CONCURRENT_JOBS_LIMIT = 500;

/** Results in one payload, far below Temporal's limit of 2 MB. A batch holds at most 1,000 files today. */
export const MAX_PAGE_SIZE = 1_000;

/** Upper bound on the location of a document as JSON, in bytes: up to 1,000 of them are in one payload, and Temporal allows 2 MB. */
export const MAX_LOCATION_BYTES = 1_000;

/** Failures listed in the report: the default and the maximum. The manifest has all of them. */
export const MAX_REPORTED_FAILURES = 100;

/**
 * Enough to create one batch while LlamaCloud processes a second and the documents of a third are collected. More batches share the
 * rate limit of one account and the same workers, and are not faster.
 */
export const DEFAULT_MAX_CONCURRENT_BATCHES = 3;
/** Each batch has 40 open children by default: 50 batches are 2,000 open workflows. */
export const MAX_CONCURRENT_BATCHES_LIMIT = 50;

/** Directories of one run, which hold up to ten million files. Their ids are one payload of about 0.5 MB; Temporal takes 2 MB. */
export const MAX_DIRECTORIES = 10_000;

/**
 * Directories per page. The run continues as new after each page. A directory was measured at about 13 events, and at 4 kB when it
 * completes or 7 kB when it fails. Temporal warns from 10,240 events and 10 MB.
 */
export const DIRECTORIES_PAGE_SIZE = 500;

/** Failures listed in the report of each batch of `processDirectories`. With 100 each, 500 reports would be up to 25 MB of history. */
export const MAX_REPORTED_FAILURES_PER_BATCH = 5;

/** Upper bound on a `Retry-After`. */
export const MAX_RETRY_AFTER_MS = 5 * MINUTE;

/** Lower bound on every delay. Temporal reads a delay of 0 as "use the retry policy". */
export const MIN_DELAY_MS = SECOND;

/** How long a rejected key is retried while polling or collecting, so that a key can be rotated. */
export const KEY_ROTATION_MS = 15 * MINUTE;

/** How long a 404 is retried: a batch or job that was just created may not be readable yet, and a single 404 may be a mistake. */
export const NOT_FOUND_GRACE_MS = MINUTE;

/** Whether a job of this type has results of this format. */
export function supportsFormat(type: JobType, format: CollectFormat): boolean {
  return (type === 'extract_v2') === (format === 'record');
}

export function defaultCollect(type: JobType): CollectFormat {
  return type === 'extract_v2' ? 'record' : 'markdown';
}

/**
 * How long LlamaCloud's list of batches may lack a batch that was just created. After a POST whose response was lost, the list is
 * polled this long before the next POST.
 */
export const LIST_LAG_MS = MINUTE;

/** Upper bound on the whole stop of a `processBatch` run, from when it is cancelled or its deadline passes. */
export const STOP_TIMEOUT_MS = 10 * MINUTE;

/** Jobs in one request to the list. LlamaCloud publishes no limit; a hundred ids make a URL of 5 KB. */
export const MAX_JOBS_PER_REQUEST = 100;
