import { log } from '@temporalio/activity';
import { AccountGate } from '../account/account-gate.js';
import { maxListLagMs, toNotListed, toOperation } from '../batch/find-created-batch.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { listRedrivenJobs, type RedrivenJob, type RedrivenJobsToFind } from './redriven-jobs.js';

export interface FindRedrivenJobsInput extends RedrivenJobsToFind {
  /** Poll until the list shows a new job, or that with the `expectedId`, for at most `listLagMs` (60 s). If `false`, the list is read once. */
  wait: boolean;
  /** Whether the job is looked for to be cancelled. No POST follows, and a pause of the account does not hold it up. */
  isStopping?: boolean;
}

/**
 * Finds the jobs that were made in place of a failed one, oldest first. No other `redriveJob` of this namespace makes one of the same file and
 * configuration at the same time. `GET /api/v2/parse` or `GET /api/v2/extract`, and `GET /api/v2/parse/{id}` after a POST if the list shows no labels.
 */
export function findRedrivenJobs(deps: ActivityDeps, gate = new AccountGate()) {
  return (input: FindRedrivenJobsInput): Promise<RedrivenJob[]> =>
    runAttempt(toOperation(input), `jobs of file ${input.fileId}`, async ({ ageMs, signal }) => {
      // With `wait`, a POST may have created a job: it is looked for in any case.
      if (!input.wait) gate.assertOpen('create');
      const { expectedId } = input;
      const jobs = await listRedrivenJobs(deps, input, input.wait && expectedId === undefined, signal);
      const isFound = expectedId === undefined ? jobs.length > 0 : jobs.some(({ id }) => id === expectedId);
      if (input.wait && jobs.length > 1) {
        const created = jobs.map(({ id }) => id).join(', ');
        log.warn('More than one job was created in place of a failed one: the newest is taken', { created });
      }
      if (!input.wait || isFound || ageMs >= maxListLagMs(deps)) return jobs;
      throw toNotListed(deps, `LlamaCloud's list shows no new job of file ${input.fileId} yet`, ageMs, 'JobNotReady');
    });
}
