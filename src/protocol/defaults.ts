import type { CollectFormat, JobType, ResolvedPoll } from './input.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A batch has at most 1,000 files, each of which may legally take half an hour and more: a week is "something is wrong". */
export const DEFAULT_TIMEOUT_MS = 7 * DAY;

/** A parse job may take 30 minutes and 5 more a page; a day covers 280 pages. */
export const DEFAULT_JOB_TIMEOUT_MS = DAY;

/** Longer than this is a mistake in the unit. */
export const LONGEST_TIMEOUT_MS = 365 * DAY;

/** LlamaCloud maps rows in the moments around COMPLETED; after two minutes a row with nothing in it stays that way. */
export const DEFAULT_RESULTS_GRACE_MS = 2 * MINUTE;

/** Waits longer than this are no polling. Also the `maximumInterval` of every retry policy, which caps our own delays. */
export const LONGEST_POLL_MS = HOUR;

/** From 10 s on a change is seen within 10 % of the time waited, and an hour costs fewer than 100 requests. */
export const DEFAULT_POLL: ResolvedPoll = { initialMs: SECOND, coefficient: 1.1, maximumMs: MINUTE };

/**
 * Measured on a local server: 40 open children run faster than 20, and than 250. Each is at most two events that wait for the workflow task
 * under way, of which Temporal takes 100.
 */
export const DEFAULT_MAX_CONCURRENT_JOBS = 40;
export const LARGEST_MAX_CONCURRENT_JOBS = 500;

/** Results that travel through history at a time, far below Temporal's 2 MB; also what a batch can hold at most today. */
export const LARGEST_PAGE_SIZE = 1_000;

/** Failures listed in the report, and the most that may be asked for; the manifest has all of them. */
export const REPORTED_FAILURES = 100;

/**
 * One batch that LlamaCloud works on, one whose documents are being collected, and one that is being made: none waits for the
 * others. More of them share the same account's rate limit and the same workers, and are not faster.
 */
export const DEFAULT_MAX_CONCURRENT_BATCHES = 3;
/** Each has up to 500 children open, 40 unless told otherwise: two thousand open workflows keep any worker busy. */
export const LARGEST_MAX_CONCURRENT_BATCHES = 50;

/** Ten million files. Their ids are in one payload of half a megabyte, of which Temporal takes 2 MB. */
export const MOST_DIRECTORIES = 10_000;

/**
 * Directories between two continue-as-new. Each is some 9 events in history, and was measured to be 2 kB where it completes, 5 kB
 * where it fails: half of what Temporal warns of, 10,240 events and 10 MB.
 */
export const DIRECTORIES_PAGE_SIZE = 500;

/** Failures listed in the report of one batch of many: with all 100 of them, 500 reports would be up to 25 MB of history. */
export const REPORTED_FAILURES_OF_MANY = 5;

/** Longest `Retry-After` that is believed: one that is longer is a mistake or a trap. */
export const LONGEST_RETRY_AFTER_MS = 5 * MINUTE;

/** Temporal takes a delay of 0 as "use the policy", and the API deserves a pause. */
export const SHORTEST_DELAY_MS = SECOND;

/** How long a rejected key is retried while polling or collecting, so that rotating a key loses nothing. */
export const KEY_ROTATION_MS = 15 * MINUTE;

/** A batch or job that has just been made may not be readable everywhere at once. */
export const READ_AFTER_CREATE_MS = MINUTE;

/** Does a job of this type have results of this format? */
export function hasFormat(type: JobType, format: CollectFormat): boolean {
  return (type === 'extract_v2') === (format === 'record');
}

export function defaultCollect(type: JobType): CollectFormat {
  return type === 'extract_v2' ? 'record' : 'markdown';
}
