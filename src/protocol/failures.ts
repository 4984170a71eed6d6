/**
 * The type of every `ApplicationFailure` of this package, and whether it is retried. An error loses its class when it leaves an
 * activity, so tell failures apart by their type.
 */

interface FailureRule {
  /**
   * - `no`: it ends the activity.
   * - `yes`: retried until the activity's deadline.
   * - `except-first-request`: retried while polling and collecting, but not in a run's first request or in the POST of a batch.
   * - `for-15-minutes`: as `except-first-request`, for 15 minutes from when it was first seen.
   * - `for-1-minute`: as `except-first-request`, for one minute from when it was first seen.
   */
  readonly retried: 'no' | 'yes' | 'except-first-request' | 'for-15-minutes' | 'for-1-minute';
  /** What a person can do; `null` if the message says it already. */
  readonly advice: string | null;
}

export const FAILURES = {
  /** The workflow's input has a wrong field. */
  InvalidInput: { retried: 'no', advice: null },
  /** LlamaCloud rejected the request: 400, 422 and other 4xx. */
  RequestRejected: { retried: 'no', advice: 'Check the ids and the configuration that the message names.' },
  /** 401, 403. */
  NotAuthorized: {
    retried: 'for-15-minutes',
    advice:
      'Check the API key (LLAMA_CLOUD_API_KEY), and that the base URL (LLAMA_CLOUD_BASE_URL) is the one of its region.',
  },
  /** 402. */
  OutOfCredits: {
    retried: 'except-first-request',
    advice: 'Add credits to the LlamaCloud organization. A run that has ended has to be started again.',
  },
  /** 404. */
  NotFound: { retried: 'for-1-minute', advice: 'Check the id, and that the key sees the project it is in.' },
  /** 408, 409 on read, 425, 5xx, a timeout, a reset connection, DNS. */
  ServiceUnavailable: { retried: 'yes', advice: null },
  /** 429. */
  RateLimited: { retried: 'yes', advice: null },
  /** A body that does not match the schema (the message names the path in it), or a COMPLETED job without its result. */
  UnexpectedResponse: { retried: 'yes', advice: null },
  /** The output store failed, or this worker writes to another store than the run. */
  OutputFailed: {
    retried: 'yes',
    advice:
      'Check that the output folder (LLAMACLOUD_OUTPUT) can be written to, has room, and is the same for all workers.',
  },
  /**
   * Benign: LlamaCloud refuses all requests of the account, or does not respond. Nothing is sent, except for one request at a time that
   * tests it. See `AccountGateOptions`.
   */
  AccountPaused: { retried: 'yes', advice: null },
  /** Benign: the batch is not terminal, or its results are not there yet. */
  BatchNotReady: { retried: 'yes', advice: null },
  /** Benign: the job is not terminal yet. */
  JobNotReady: { retried: 'yes', advice: null },
  /** Benign: a child workflow of the same id, from before a reset, is still open. */
  ChildNotReady: { retried: 'yes', advice: null },
  /** Benign: LlamaCloud's list of a directory may not show yet what was uploaded. */
  UploadNotReady: { retried: 'yes', advice: null },
  /** Three POSTs may each have created a batch, and LlamaCloud's list shows none. A person has to look for them. */
  CreateOutcomeUnknown: { retried: 'no', advice: null },
  /** The batch ended as FAILED: there is no reliable per-file result set. */
  BatchFailed: { retried: 'no', advice: null },
  /**
   * The batch ended as CANCELLED. The documents that had finished were collected, and the report counts them. Also if the run was
   * stopped while it created the batch, and a batch may be running: the message says so.
   */
  BatchCancelled: { retried: 'no', advice: null },
  /** The run passed its `timeout`. The message says what happened to the batch. */
  BatchTimedOut: { retried: 'no', advice: null },
  /** More files of a COMPLETED batch failed or were cancelled than `maxFailedFiles` or `maxFailedPercent` allows. */
  TooManyFailedFiles: { retried: 'no', advice: null },
  /** The job of one file ended as FAILED. */
  JobFailed: { retried: 'no', advice: null },
  /** The job of one file ended as CANCELLED, or its workflow was cancelled. */
  JobCancelled: { retried: 'no', advice: null },
  /**
   * The job of one file did not end, or its document was not collected, within `jobTimeout`. For the document of a job that has ended
   * there are at least 2 minutes even when that time is over, or `jobTimeout` if that is shorter.
   */
  JobTimedOut: { retried: 'no', advice: null },
  /** LlamaCloud could not create a job for one file, or gave none in time. */
  FileNotMapped: { retried: 'no', advice: null },
  /** A file of a corpus can't be processed as it is: it is empty, too large, of a type that LlamaCloud does not take, or no file. */
  FileRejected: { retried: 'no', advice: null },
  /** A file of a corpus could not be read, or changed while it was read. The next run tries again. */
  FileUnreadable: { retried: 'no', advice: null },
  /** The source of a corpus can't be listed or read. */
  SourceFailed: {
    retried: 'except-first-request',
    advice: 'Check that the source is there, and that the worker may read it.',
  },
  /**
   * A file was not sent, because it might have passed `maxCredits`. Of a run: it has left such files. What it has processed is in the manifest.
   */
  BudgetReached: { retried: 'no', advice: null },
  /**
   * The document of one file was not collected, because the run was stopped or too many other files had failed. Its job may have run
   * and been billed. Of a directory: no batch was created for it.
   */
  Skipped: { retried: 'no', advice: null },
} as const satisfies Record<string, FailureRule>;

export type FailureType = keyof typeof FAILURES;

/** Failures that every other batch would have as well, since they come from the account, from LlamaCloud or from the options. */
export const ACCOUNT_WIDE_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'OutOfCredits',
  'NotAuthorized',
  'CreateOutcomeUnknown',
  'InvalidInput',
]);

export function failureRule(type: FailureType): FailureRule {
  return FAILURES[type];
}

/** Message of a `BatchFailed`. */
export function describeFailedBatch(batchId: string): string {
  return `batch ${batchId} failed, so it has no reliable results. Starting again creates, and bills, a new batch.`;
}

/** Type and message of a failure. */
export interface FailureSummary {
  type: string;
  message: string;
}

/**
 * Finds the failure behind the wrappers that Temporal puts around what an activity or a child threw: the first application
 * failure in the chain of causes, or else the last error.
 */
export function rootFailure(error: unknown): FailureSummary {
  let bottom = error;
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'ApplicationFailure' && 'type' in current && typeof current.type === 'string') {
      return { type: current.type, message: current.message };
    }
    bottom = current;
  }
  return bottom instanceof Error
    ? { type: bottom.name, message: bottom.message }
    : { type: 'Error', message: String(bottom) };
}

/**
 * Whether a failure is of this type or was caused by one. Takes what a workflow, a client or a child threw. Of several
 * application failures in the chain of causes the first counts.
 */
export function isFailure(error: unknown, type: FailureType): boolean {
  return rootFailure(error).type === type;
}
