import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import {
  DEFAULT_JOB_TIMEOUT_MS,
  failureIn,
  type JobOutcome,
  LONGEST_TIMEOUT_MS,
  type ProcessJobInput,
  SHORTEST_DELAY_MS,
} from '../protocol/index.js';
import { collecting } from './activities.js';
import { inItsWords } from './in-its-words.js';

/**
 * Collects the document of one job: waits until the job is terminal, then streams the document to the output store.
 *
 * `processBatch` runs one for each job reference. A workflow of your own can take its place, and call it:
 *
 * @example
 * ```ts
 * export async function indexDocument(input: ProcessJobInput): Promise<JobOutcome> {
 *   const document = await processJob(input);
 *   await addToIndex(document.output);
 *   return document;
 * }
 * ```
 *
 * @throws `JobFailed`, `JobCancelled` with LlamaCloud's reason, `JobTimedOut` after `input.timeoutMs`, `InvalidInput`.
 */
export async function processJob(input: ProcessJobInput): Promise<JobOutcome> {
  const timeout = timeoutOf(input);
  const file = `${input?.name ?? input?.fileId}`;
  const job = await collecting(timeout)
    .collectJob.executeWithOptions({ summary: `Collect ${file}` }, [input])
    .catch((error: unknown) => {
      throw isDeadline(error) ? timedOut(input, file, error) : inItsWords(error);
    });
  if (job.status === 'COMPLETED') return job;
  const [type, verb] =
    job.status === 'FAILED' ? (['JobFailed', 'failed'] as const) : (['JobCancelled', 'was cancelled'] as const);
  throw ApplicationFailure.nonRetryable(`job ${input.jobId} of ${file} ${verb}: ${job.message}`, type);
}

/**
 * The input may come from the UI with anything in it. What is no duration must not get this workflow stuck: the activity
 * names it as the wrong field that it is.
 */
function timeoutOf(input: ProcessJobInput): number {
  const timeout: unknown = input?.timeoutMs;
  const isPlausible = typeof timeout === 'number' && timeout >= SHORTEST_DELAY_MS && timeout <= LONGEST_TIMEOUT_MS;
  return isPlausible ? timeout : DEFAULT_JOB_TIMEOUT_MS;
}

/** The deadline came while waiting for the next attempt, or in the middle of the last. */
function isDeadline(error: unknown): error is ActivityFailure {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause, retryState } = error;
  return retryState === 'TIMEOUT' || (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_CLOSE');
}

function timedOut(input: ProcessJobInput, file: string, error: ActivityFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'JobTimedOut',
    message: `job ${input.jobId} of ${file} did not end in time; last: ${failureIn(error).message}`,
    nonRetryable: true,
    cause: error,
  });
}
