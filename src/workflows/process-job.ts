import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { UnfinishedJob } from '../activities/types.js';
import {
  type BriefJobInput,
  type BriefOutcome,
  DEFAULT_JOB_TIMEOUT_MS,
  failureIn,
  type JobOutcome,
  LONGEST_TIMEOUT_MS,
  type ProcessJobInput,
  SHORTEST_DELAY_MS,
} from '../protocol/index.js';
import { collectAtOnce, collecting } from './activities.js';
import { atOnce } from './at-once.js';
import { inItsWords } from './in-its-words.js';

export async function processJob(input: BriefJobInput): Promise<BriefOutcome>;
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
export async function processJob(input: ProcessJobInput): Promise<JobOutcome>;
export async function processJob(input: ProcessJobInput | BriefJobInput): Promise<JobOutcome | BriefOutcome> {
  const file = `${input?.name ?? input?.fileId}`;
  const atHand = input?.ready === true ? await atOnce(() => collectAtOnce(input)) : undefined;
  const job = atHand ?? (await collected(input, file));
  if (job.status === 'COMPLETED') return 'brief' in input && input.brief ? brief(job) : job;
  const [type, verb] =
    job.status === 'FAILED' ? (['JobFailed', 'failed'] as const) : (['JobCancelled', 'was cancelled'] as const);
  throw ApplicationFailure.nonRetryable(`job ${input.jobId} of ${file} ${verb}: ${job.message}`, type);
}

/** Waits for the job to end. */
async function collected(input: ProcessJobInput, file: string): Promise<JobOutcome | UnfinishedJob> {
  try {
    const { collectJob } = collecting(timeoutOf(input));
    return await collectJob.executeWithOptions({ summary: `Collect ${file}` }, [input]);
  } catch (error) {
    throw isDeadline(error) ? timedOut(input, file, error) : inItsWords(error);
  }
}

function brief({ bytes, sha256, credits }: JobOutcome): BriefOutcome {
  return { bytes, sha256, credits };
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
