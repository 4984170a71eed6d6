import { log } from '@temporalio/activity';
import { z } from 'zod';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../llamacloud/index.js';
import type { ApiScope } from '../protocol/index.js';
import type { ActivityDeps } from './deps.js';

/** Faults that pass are worth that much of a wait, in milliseconds; then ids are shown. */
const PATIENCE_MS = 30_000;

/** For all files together: a directory of 1,000 takes ten requests. */
const TIMEOUT_MS = 10_000;

/** Names by the ids of their files, as far as they have been read. */
export const namesSchema = z.object({
  byId: z.record(z.string(), z.string()),
  /** Token of the next page; missing once there is none. */
  next: z.string().optional(),
});
export type Names = z.infer<typeof namesSchema>;

/** A page more and it is no directory of a batch: a list that never ends. */
const MOST_PAGES = 100;

/**
 * The names of a directory's files, for people: a nicety of a beta route, so a run neither fails for want of them
 * nor waits long: a fault that passes is thrown, to be tried again, for the first half minute.
 *
 * @param known What was read before, where this goes on.
 * @returns One page more where requests are limited, or else all.
 */
export async function fileNames(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  { directoryId, projectId, organizationId }: ApiScope & { directoryId: string },
  cancelled: AbortSignal,
  waitedMs: number,
  known: Names = { byId: {}, next: '' },
): Promise<Names> {
  cancelled.throwIfAborted();
  const byId = { ...known.byId };
  let { next } = known;
  // Not `AbortSignal.any` and `.timeout`: Node 20 may collect those as garbage before their time.
  const stop = new AbortController();
  const cancel = () => stop.abort(cancelled.reason);
  cancelled.addEventListener('abort', cancel);
  const timer = setTimeout(() => stop.abort(new Error(`not all were there after ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
  try {
    const options = { pageSize: 100, projectId, organizationId, signal: stop.signal };
    const pages = requestsPerSecond === undefined ? MOST_PAGES : 1;
    for (let page = 0; page < pages && next !== undefined; page++) {
      const { items, next_page_token } = await llamacloud.listDirectoryFiles(directoryId, {
        ...options,
        pageToken: next,
      });
      for (const file of items) byId[file.id] = file.display_name;
      next = next_page_token || undefined;
    }
    return { byId, ...(next === undefined ? {} : { next }) };
  } catch (error) {
    cancelled.throwIfAborted();
    if (waitedMs < PATIENCE_MS && isPassing(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Names of files could not be read: their ids are shown instead', { directoryId, reason });
    return { byId };
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', cancel);
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status === 408 || error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError || error instanceof UnexpectedResponseError;
}
