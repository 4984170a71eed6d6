import { log } from '@temporalio/activity';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../llamacloud/index.js';
import type { ApiScope } from '../protocol/index.js';
import type { ActivityDeps } from './deps.js';

/** Faults that pass are worth that much of a wait, in milliseconds; then ids are shown. */
const PATIENCE_MS = 30_000;

/** For all files together: a directory of 1,000 takes ten requests. */
const TIMEOUT_MS = 10_000;

/**
 * The names of a directory's files by their ids, for people: a nicety of a beta route, so a run neither fails for want of them
 * nor waits long: a fault that passes is thrown, to be tried again, for the first half minute.
 */
export async function fileNames(
  { llamacloud }: ActivityDeps,
  { directoryId, projectId, organizationId }: ApiScope & { directoryId: string },
  cancelled: AbortSignal,
  waitedMs: number,
): Promise<ReadonlyMap<string, string>> {
  cancelled.throwIfAborted();
  const names = new Map<string, string>();
  // Not `AbortSignal.any` and `.timeout`: Node 20 may collect those as garbage before their time.
  const stop = new AbortController();
  const cancel = () => stop.abort(cancelled.reason);
  cancelled.addEventListener('abort', cancel);
  const timer = setTimeout(() => stop.abort(new Error(`not all were there after ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
  try {
    const options = { pageSize: 100, projectId, organizationId, signal: stop.signal };
    for await (const file of llamacloud.iterateDirectoryFiles(directoryId, options))
      names.set(file.id, file.display_name);
  } catch (error) {
    cancelled.throwIfAborted();
    if (waitedMs < PATIENCE_MS && isPassing(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Names of files could not be read: their ids are shown instead', { directoryId, reason });
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', cancel);
  }
  return names;
}

function isPassing(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status === 408 || error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError || error instanceof UnexpectedResponseError;
}
