import { log } from '@temporalio/activity';
import type { ApiScope } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';

/** The count is shown and nothing more: a run does not wait longer for it, in milliseconds. */
const TIMEOUT_MS = 2_000;

const PAGE_SIZE = 100;

/** A batch takes at most 1,000 files: a larger directory is not counted to its end. */
const MAX_PAGES = 10;

/**
 * Counts the files of a directory, for people who watch a batch: LlamaCloud says nothing of its size until it has ended.
 * `GET /api/v1/beta/directories/{id}/files`.
 *
 * @returns `null` where they can't be counted in two seconds, or by one request where requests are limited.
 */
export async function countDirectoryFiles(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  directoryId: string,
  { projectId, organizationId }: ApiScope,
  cancelled: AbortSignal,
): Promise<number | null> {
  // Not `AbortSignal.any` and `.timeout`: Node 20 may collect those as garbage before their time.
  const stop = new AbortController();
  const abort = () => stop.abort(cancelled.reason);
  cancelled.addEventListener('abort', abort);
  const timer = setTimeout(() => stop.abort(new Error('the time is up')), TIMEOUT_MS);
  try {
    const options = { pageSize: PAGE_SIZE, projectId, organizationId, signal: stop.signal };
    const maxPages = requestsPerSecond === undefined ? MAX_PAGES : 1;
    let count = 0;
    let pageToken: string | undefined;
    for (let page = 1; page <= maxPages; page++) {
      const { items, next_page_token } = await llamacloud.listDirectoryFiles(directoryId, {
        ...options,
        ...(pageToken === undefined ? {} : { pageToken }),
      });
      count += items.filter(({ deleted_at }) => deleted_at == null).length;
      pageToken = next_page_token || undefined;
      if (pageToken === undefined) return count;
    }
    return null;
  } catch (error) {
    cancelled.throwIfAborted();
    // A beta route: what is wrong with the key or the directory is said by the requests that the run needs.
    log.debug('The files of the directory could not be counted', { directoryId, reason: String(error) });
    return null;
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', abort);
  }
}
