/**
 * The one table of failures: every `ApplicationFailure` of this package has its type here, and nothing else decides
 * whether it is tried again. Class identity dies at the activity boundary, so tell failures apart by their type.
 */

interface FailureRule {
  /**
   * `no`: it ends the activity. `yes`: until the activity's deadline. `reads`: while polling or collecting, never at
   * create. `young`: while the thing asked for is younger than a minute.
   */
  readonly retried: 'no' | 'yes' | 'reads' | 'reads for 15 minutes' | 'young';
  /** What a person can do, or `null` where the message says it better. */
  readonly advice: string | null;
}

export const FAILURES = {
  /** The workflow's input has a wrong field. */
  InvalidInput: { retried: 'no', advice: null },
  /** LlamaCloud rejected the request: 400, 422 and other 4xx. */
  RequestRejected: { retried: 'no', advice: 'Check the ids and the configuration that the message names.' },
  /** 401, 403. */
  NotAuthorized: {
    retried: 'reads for 15 minutes',
    advice: 'Check LLAMA_CLOUD_API_KEY, and that LLAMA_CLOUD_BASE_URL is the region that the key belongs to.',
  },
  /** 402. */
  OutOfCredits: {
    retried: 'reads',
    advice: 'Add credits to the LlamaCloud organization; a run that has ended has to be started again.',
  },
  /** 404. */
  NotFound: { retried: 'young', advice: 'Check the id, and that the key sees the project it is in.' },
  /** 408, 409 on read, 425, 5xx, a timeout, a reset connection, DNS. */
  ServiceUnavailable: { retried: 'yes', advice: null },
  /** 429. */
  RateLimited: { retried: 'yes', advice: null },
  /** A body that does not match the schema (the message names the path in it), or a COMPLETED job without its result. */
  UnexpectedResponse: { retried: 'yes', advice: null },
  /** The output store failed. */
  OutputFailed: { retried: 'yes', advice: 'Check that LLAMACLOUD_OUTPUT can be written to and has room.' },
  /** Benign: the batch is not terminal, or its results are not there yet. */
  BatchNotReady: { retried: 'yes', advice: null },
  /** Benign: the job is not terminal yet. */
  JobNotReady: { retried: 'yes', advice: null },
  /** The batch ended as FAILED: there is no reliable per-file result set. */
  BatchFailed: { retried: 'no', advice: 'Start it again; if it fails again, ask LlamaCloud support about the batch.' },
  /** The batch ended as CANCELLED; what had finished was collected, and the report says what. */
  BatchCancelled: { retried: 'no', advice: null },
  /** The run's deadline passed; the batch was cancelled. */
  BatchTimedOut: { retried: 'no', advice: null },
  /** More files failed than `maxFailedFiles` or `maxFailedPercent` allow. */
  TooManyFailedFiles: { retried: 'no', advice: null },
  /** The job of one file ended as FAILED. */
  JobFailed: { retried: 'no', advice: null },
  /** The job of one file ended as CANCELLED. */
  JobCancelled: { retried: 'no', advice: null },
  /** The job of one file did not end within `jobTimeout`. */
  JobTimedOut: { retried: 'no', advice: null },
  /** LlamaCloud could not make a job of one file, or never said which. */
  FileNotMapped: { retried: 'no', advice: null },
} as const satisfies Record<string, FailureRule>;

export type FailureType = keyof typeof FAILURES;

export function ruleOf(type: FailureType): FailureRule {
  return FAILURES[type];
}

/** The failure at the bottom of a chain of causes: Temporal wraps what an activity or child threw. */
function rootCause(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current;
}

/** Type and message of a failure. */
export interface FailureWords {
  type: string;
  message: string;
}

/** What a chain of causes comes down to: its first application failure, which says what to do, or else its bottom. */
export function failureIn(error: unknown): FailureWords {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'ApplicationFailure' && 'type' in current && typeof current.type === 'string') {
      return { type: current.type, message: current.message };
    }
  }
  const cause = rootCause(error);
  return cause instanceof Error
    ? { type: cause.name, message: cause.message }
    : { type: 'Error', message: String(cause) };
}

/**
 * Is this failure of this type, or did one cause it? Takes what a workflow, a client or a child threw; of several
 * application failures in a chain the first counts.
 */
export function isFailure(error: unknown, type: FailureType): boolean {
  return failureIn(error).type === type;
}
