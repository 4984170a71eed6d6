import { HttpStatusError } from '../../llamacloud/index.js';
import type { ApiScope, JobType } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';

export interface ReadJobCreditsInput extends ApiScope {
  /** Job (`pjb-...`, `ext-...`). */
  id: string;
  type: JobType;
}

/**
 * Returns the credits that LlamaCloud billed for a job; `null` while it has not recorded them, and for a job that it no longer has.
 *
 * `GET /api/v2/parse/{id}?expand=usage` or `GET /api/v2/extract/{id}?expand=usage`.
 */
export function readJobCredits(deps: ActivityDeps) {
  return ({ id, type, projectId, organizationId }: ReadJobCreditsInput): Promise<number | null> =>
    runAttempt('read', `job ${id}`, async ({ signal }) => {
      try {
        const options = { expand: ['usage'], projectId, organizationId, signal };
        const { job } = await deps.llamacloud.getJob({ id, type }, options);
        return job.usage?.credits ?? null;
      } catch (error) {
        if (error instanceof HttpStatusError && error.status === 404) return null;
        throw error;
      }
    });
}
