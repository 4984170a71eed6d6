import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { clip, isTerminal, type JobOutcome, type ProcessJobInput, type TerminalStatus } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { contentOf, documentKey, expandOf } from './document.js';
import { resolveJobInput } from './input/index.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';

/** A job that ended without a document: the workflow makes its failure of it. */
export interface UnfinishedJob {
  status: Exclude<TerminalStatus, 'COMPLETED'>;
  message: string;
}

/**
 * One file: GETs its job with what is wanted expanded, waits while it is not terminal, and streams the document to the
 * output store, never through history. Writing the same document twice changes nothing.
 */
export function collectJob(deps: ActivityDeps) {
  return (input: ProcessJobInput): Promise<JobOutcome | UnfinishedJob> => {
    const request = resolveJobInput(input);
    // A run that is older than the limit knows nothing of it, and Temporal does not count local activities.
    if (deps.requestsPerSecond !== undefined && activityInfo().isLocal)
      throw ApplicationFailure.retryable('requests are limited: this has to be an activity', 'RateLimited');
    const { fileId, jobId, type, projectId, organizationId } = request;
    return attempt('read', `job ${jobId} of ${request.name ?? fileId}`, async ({ nowMs, firstMs, signal }) => {
      const waitedMs = nowMs - firstMs;
      const expand = expandOf(request.collect);
      const result = await deps.llamacloud.getJob({ id: jobId, type }, { expand, projectId, organizationId, signal });
      const { status, error_message: message, usage } = result.job;
      if (!isTerminal(status))
        throw new NotReady('JobNotReady', `job ${jobId} is ${status}`, pollDelayMs(request.poll, waitedMs));
      if (status !== 'COMPLETED') return { status, message: clip(message || 'LlamaCloud gave no reason') };

      const content = await contentOf(result, request.collect, (url) => deps.llamacloud.download(url, { signal }));
      const stored = await deps.outputs.write(documentKey(request.batchId, fileId, request.collect), content);
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
