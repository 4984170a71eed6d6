import type { JobReference } from '../../activities/types.js';
import type { BatchRequest, FailureType, ManifestLine } from '../../protocol/index.js';
import { readJobCredits } from '../shared/activities.js';
import { isRunFailure } from '../shared/unwrap-failure.js';
import { isAmount } from './manifest-line.js';

/** Failures of the job itself: LlamaCloud does not bill it, or has not ended it yet. */
const WITHOUT_CREDITS: ReadonlySet<string> = new Set<FailureType>(['JobFailed', 'JobTimedOut']);

/**
 * Reads what LlamaCloud billed for a job whose child workflow failed, since a job that is COMPLETED is paid for even where nobody
 * took its document. Failures are few, so each is one activity.
 *
 * @returns `null` where there is nothing to bill, or LlamaCloud can't be asked: the counts do not fail a run.
 */
export async function readBilledCredits(
  { scope }: BatchRequest,
  { status, error }: ManifestLine,
  job: JobReference,
): Promise<number | null> {
  if (status !== 'FAILED' || WITHOUT_CREDITS.has(error?.type ?? '')) return null;
  const options = { summary: `Read the credits of job ${job.id}` };
  try {
    const credits = await readJobCredits.executeWithOptions(options, [{ ...scope, ...job }]);
    return isAmount(credits) ? credits : null;
  } catch (problem) {
    if (!isRunFailure(problem)) throw problem;
    return null;
  }
}
