import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import {
  cleanText,
  isTerminal,
  type JobOutcome,
  type ProcessJobInput,
  type TerminalStatus,
} from '../../protocol/index.js';
import { AccountPauseByHand } from '../account/account-pause-by-hand.js';
import type { ActivityDeps } from '../deps.js';
import { resolveJobInput } from '../input/index.js';
import { NotReady } from '../support/not-ready.js';
import { documentKey } from '../support/output-keys.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';
import { assertSameStore } from '../support/store-id.js';
import { expandFields, toContent } from './document.js';

/** A job that ended without a document. The workflow turns it into a failure. */
export interface UnsuccessfulJob {
  status: Exclude<TerminalStatus, 'COMPLETED'>;
  message: string;
}

/**
 * Polls the job of one file until it is terminal, then streams its document to the output store. The document never enters the
 * history. Writing the same document twice changes nothing.
 *
 * `GET /api/v2/parse/{id}` or `GET /api/v2/extract/{id}`, and the presigned URL of a large document.
 */
export function collectJob(deps: ActivityDeps, accountPause = new AccountPauseByHand()) {
  return (input: ProcessJobInput): Promise<JobOutcome | UnsuccessfulJob> => {
    const resolved = resolveJobInput(input);
    // Temporal does not count local activities. A run that started before requests were limited still uses them.
    if (deps.requestsPerSecond !== undefined && activityInfo().isLocal)
      throw ApplicationFailure.retryable('requests are limited: this has to be an activity', 'RateLimited');
    const { fileId, jobId, type, batchId, collect, projectId, organizationId } = resolved;
    return runAttempt('read', `job ${jobId} of ${resolved.name ?? fileId}`, async ({ ageMs, signal }) => {
      await accountPause.assertNotPaused();
      await assertSameStore(deps.outputs, resolved.storeId);
      const expand = expandFields(collect);
      const result = await deps.llamacloud.getJob({ id: jobId, type }, { expand, projectId, organizationId, signal });
      const { status, error_message: message, usage } = result.job;
      if (!isTerminal(status))
        throw new NotReady('JobNotReady', `job ${jobId} is ${toStatus(status)}`, pollDelayMs(resolved.poll, ageMs));
      if (status !== 'COMPLETED') return { status, message: cleanText(message || 'LlamaCloud gave no reason') };

      const content = toContent(result, collect, (url, sizeBytes) =>
        deps.llamacloud.download(url, { signal, ...(sizeBytes === undefined ? {} : { sizeBytes }) }),
      );
      const stored = await deps.outputs.write(documentKey(batchId, resolved, collect), content, { signal });
      return {
        fileId,
        jobId,
        status,
        output: stored.location,
        bytes: stored.bytes,
        sha256: stored.sha256,
        credits: usage?.credits ?? null,
      };
    });
  };
}
