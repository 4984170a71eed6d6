import type { JobReference } from '../../activities/types.js';
import type { FailureType, ManifestLine, ResolvedBatchInput } from '../../protocol/index.js';
import { readJobCredits } from '../shared/activities.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { isAmount } from './manifest-line.js';

/**
 * Reads what LlamaCloud billed for a job whose child workflow failed: a COMPLETED job is billed even if its document was not collected.
 * Failures are few, so each is one activity.
 *
 * @returns `null` if nothing was billed, or the credits can't be read: that does not fail the run.
 */
export async function readBilledCredits(
  { scope }: ResolvedBatchInput,
  { status, error }: ManifestLine,
  job: JobReference,
): Promise<number | null> {
  // A job that failed is not billed.
  const unbilled: FailureType = 'JobFailed';
  if (status !== 'FAILED' || error?.type === unbilled) return null;
  const options = { summary: `Read the credits of job ${job.id}` };
  try {
    const credits = await readJobCredits.executeWithOptions(options, [{ ...scope, ...job }]);
    return isAmount(credits) ? credits : null;
  } catch (problem) {
    if (!isTemporalFailure(problem)) throw problem;
    return null;
  }
}
