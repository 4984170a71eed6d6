import { ActivityFailure, ApplicationFailure, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import type { UnsuccessfulJob } from '../../activities/types.js';
import {
  cleanText,
  DEFAULT_JOB_TIMEOUT_MS,
  isValidTemporalName,
  type JobOutcome,
  MAX_TIMEOUT_MS,
  MIN_DELAY_MS,
  type ProcessJobInput,
  rootFailure,
} from '../../protocol/index.js';
import { collectJobLocally, proxyCollectJob } from '../shared/activities.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { tryLocalActivity } from './try-local-activity.js';

/**
 * Collects the document of one job: waits until the job is terminal, then streams the document to the output store.
 *
 * `processBatch` runs one for each job reference. A workflow of your own can take its place, and call it. Workers of
 * `input.collectTaskQueue`, which have the API key and the output store, collect the document, wherever your workflow runs.
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
  // The input may be anything: people start this from the UI. The activity validates it, and names the wrong fields.
  const file = toLabel(input?.name ?? input?.fileId);
  const job =
    (mayCollectLocally(input) ? await tryLocalActivity(() => collectJobLocally(input)) : undefined) ??
    (await collect(input, file));
  if (job.status === 'COMPLETED') return job;
  const [type, verb] =
    job.status === 'FAILED' ? (['JobFailed', 'failed'] as const) : (['JobCancelled', 'was cancelled'] as const);
  throw ApplicationFailure.nonRetryable(`${describeJob(input, file)} ${verb}: ${job.message}`, type);
}

/**
 * Whether a local activity may be tried: only by the first attempt of the workflow task. A local activity is lost with its worker, and
 * Temporal delays each further attempt of a workflow task more, the ninth by 150 s. An activity is retried 35 s after its worker was
 * lost, however often that happens.
 */
function mayCollectLocally(input: ProcessJobInput): boolean {
  const { startTime, taskTimeoutMs } = workflowInfo();
  return input?.collectLocally === true && Date.now() - startTime.getTime() < taskTimeoutMs;
}

/** Waits for the job to end, and collects its document. */
async function collect(input: ProcessJobInput, file: string): Promise<JobOutcome | UnsuccessfulJob> {
  const taskQueue: unknown = input?.collectTaskQueue;
  const collectJob = proxyCollectJob(
    toValidTimeout(input?.timeoutMs),
    typeof taskQueue === 'string' && isValidTemporalName(taskQueue) ? taskQueue : workflowInfo().taskQueue,
  );
  try {
    return await collectJob.executeWithOptions({ summary: `Collect ${file}` }, [input]);
  } catch (error) {
    throw isDeadline(error) ? toTimedOut(input, file, error) : unwrapFailure(error);
  }
}

/** A command with an invalid timeout would fail the workflow task at every attempt. */
function toValidTimeout(timeoutMs: unknown): number {
  const isValid = typeof timeoutMs === 'number' && timeoutMs >= MIN_DELAY_MS && timeoutMs <= MAX_TIMEOUT_MS;
  return isValid ? timeoutMs : DEFAULT_JOB_TIMEOUT_MS;
}

/** Whether the deadline passed, between two attempts or during the last. */
function isDeadline(error: unknown): error is ActivityFailure {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause, retryState } = error;
  return retryState === 'TIMEOUT' || (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_CLOSE');
}

function toTimedOut(input: ProcessJobInput, file: string, error: ActivityFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'JobTimedOut',
    message: `${describeJob(input, file)} was not collected in time; last: ${rootFailure(error).message}`,
    nonRetryable: true,
    cause: error,
  });
}

function describeJob(input: ProcessJobInput, file: string): string {
  return `job ${toLabel(input?.jobId)} of ${file}`;
}

/** A field of the input for a message. Not with `String`: it throws for some objects, which would fail the workflow task forever. */
function toLabel(value: unknown): string {
  return typeof value === 'string' ? cleanText(value) : '(not a text)';
}
