import { log } from '@temporalio/activity';
import { z } from 'zod';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { type ApiScope, cleanText } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { boundedFileId } from './result-rows.js';

/** How long faults that pass are retried, in milliseconds; then ids are shown. */
const RETRY_FOR_MS = 30_000;

/** For all files together: a directory of 1,000 takes ten requests. */
const TIMEOUT_MS = 10_000;

/** A batch takes 1,000 files. Of a larger directory the rest is shown by ids: all of it travels through heartbeats. */
const MAX_FILES = 2_000;

/** The files of a directory, as far as they have been read. */
export const directoryFilesSchema = z.object({
  /** An id as {@link boundedFileId} makes it: an array, since an id may be the name of a property that every object has. */
  files: z.array(z.object({ id: z.string(), name: z.string(), createdAt: z.string().nullable() })),
  /** Token of the next page; missing once there is none. */
  next: z.string().optional(),
  /** Have all files been read? */
  isWhole: z.boolean(),
});
export type DirectoryFiles = z.infer<typeof directoryFilesSchema>;

/** Nothing is known of the directory. */
export const NO_FILES: DirectoryFiles = { files: [], next: '', isWhole: false };

/**
 * The files of a directory: `GET /api/v1/beta/directories/{id}/files`. A beta route, so a run does not fail for want of it, nor wait
 * long: a fault that passes is thrown, to be retried, for the first half minute.
 *
 * @param known What was read before, where this goes on.
 * @returns One page more where requests are limited, or else all.
 */
export async function readFileNames(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  { directoryId, projectId, organizationId }: ApiScope & { directoryId: string },
  cancelled: AbortSignal,
  waitedMs: number,
  known: DirectoryFiles = NO_FILES,
): Promise<DirectoryFiles> {
  cancelled.throwIfAborted();
  const byId = new Map(known.files.map((file) => [file.id, file]));
  let { next } = known;
  // Not `AbortSignal.any` and `.timeout`: Node 20 may collect those as garbage before their time.
  const stop = new AbortController();
  const cancel = () => stop.abort(cancelled.reason);
  cancelled.addEventListener('abort', cancel);
  const timer = setTimeout(() => stop.abort(new Error(`not all were read after ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
  try {
    const options = { pageSize: 100, projectId, organizationId, signal: stop.signal };
    do {
      const page = await llamacloud.listDirectoryFiles(directoryId, {
        ...options,
        ...(next === undefined ? {} : { pageToken: next }),
      });
      const before = byId.size;
      for (const { id: remoteId, display_name, created_at, deleted_at } of page.items) {
        if (deleted_at != null) continue;
        const id = boundedFileId(remoteId);
        byId.set(id, { id, name: cleanText(display_name, MAX_NAME_BYTES), createdAt: created_at ?? null });
      }
      next = page.next_page_token || undefined;
      // A page without new files: a list that goes in a circle.
      if (byId.size >= MAX_FILES || byId.size === before)
        return { files: [...byId.values()], isWhole: next === undefined };
    } while (next !== undefined && requestsPerSecond === undefined);
    return { files: [...byId.values()], ...(next === undefined ? { isWhole: true } : { next, isWhole: false }) };
  } catch (error) {
    cancelled.throwIfAborted();
    if (waitedMs < RETRY_FOR_MS && isTransient(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Names of files could not be read: their ids are shown instead', { directoryId, reason });
    return { files: [...byId.values()], isWhole: false };
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', cancel);
  }
}

const MAX_NAME_BYTES = 200;

function isTransient(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status === 408 || error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError || error instanceof UnexpectedResponseError;
}
