import { log } from '@temporalio/activity';
import type { ApiScope } from '../protocol/index.js';
import type { ActivityDeps } from './deps.js';

/** For all files together: a directory of 1,000 takes ten requests. */
const TIMEOUT_MS = 10_000;

/**
 * The names of a directory's files by their ids, for people: a nicety of a beta route, so a run neither fails for want of them
 * nor waits long. Throws only when the activity is cancelled.
 */
export async function fileNames(
  { llamacloud }: ActivityDeps,
  { directoryId, projectId, organizationId }: ApiScope & { directoryId: string },
  cancelled: AbortSignal,
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
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Names of files could not be read: their ids are shown instead', { directoryId, reason });
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', cancel);
  }
  return names;
}
