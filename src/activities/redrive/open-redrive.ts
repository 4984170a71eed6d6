import type { DirectoryFile } from '../../llamacloud/index.js';
import type { ApiScope, BatchSpec } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { toPlainFileId } from '../results/file-id.js';
import { listDirectoryPages } from '../support/directory-pages.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';
import { findPermanentReason } from './permanent-failure.js';

export interface OpenRedriveInput extends BatchSpec {
  scope: ApiScope;
  fileId: string;
  /** The job that has FAILED. */
  jobId: string;
}

export interface OpenedRedrive {
  /** Why the file gets no other job; `null` if it may get one. */
  reason: string | null;
  /** Credits billed for the failed job. */
  credits: number | null;
  /** What the new job is made of: the id of the content for a parse job, that of the file for an extract job. Empty with a `reason`. */
  fileInput: string;
  /** When the failed job was created, by LlamaCloud's clock: another one is newer. Empty with a `reason`. */
  createdAt: string;
}

/**
 * Finds out whether another job may mend a failed one, and what it is made of.
 *
 * `GET /api/v2/parse/{id}?expand=usage` or `GET /api/v2/extract/{id}?expand=usage`, and `GET /api/v1/beta/directories/{id}/files`.
 */
export function openRedrive(deps: ActivityDeps) {
  return (input: OpenRedriveInput): Promise<OpenedRedrive> => {
    const { jobId, fileId, job, scope, directoryId } = input;
    return runAttempt('read', `failed job ${jobId}`, async ({ signal }) => {
      const options = { ...scope, expand: ['usage'], signal };
      const { job: failed } = await deps.llamacloud.getJob({ id: jobId, type: job.type }, options);
      const credits = failed.usage?.credits ?? null;
      const refuse = (reason: string): OpenedRedrive => ({ reason, credits, fileInput: '', createdAt: '' });
      if (failed.status !== 'FAILED') return refuse(`LlamaCloud says that the job is ${toStatus(failed.status)}`);
      if (failed.created_at == null) return refuse('LlamaCloud does not say when the job was created');
      const file = await findFile(deps, { ...scope, directoryId }, fileId, signal);
      if (file === undefined) return refuse(`directory ${directoryId} does not have the file any more`);
      const permanent = findPermanentReason(failed.error_message ?? '', file.display_name ?? '');
      if (permanent !== null) return refuse(permanent);
      const fileInput = job.type === 'parse_v2' ? file.file_id : file.id;
      if (!fileInput) return refuse('LlamaCloud gives no id of its content');
      return { reason: null, credits, fileInput, createdAt: failed.created_at };
    });
  };
}

async function findFile(
  deps: ActivityDeps,
  directory: ApiScope & { directoryId: string },
  fileId: string,
  signal: AbortSignal,
): Promise<DirectoryFile | undefined> {
  for await (const { files } of listDirectoryPages(deps, directory, signal)) {
    const found = files.find(({ id }) => id !== null && toPlainFileId(id) === fileId);
    if (found !== undefined) return found;
  }
  return undefined;
}
