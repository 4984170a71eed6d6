import { log } from '@temporalio/activity';
import type { ActivityDeps } from '../deps.js';
import { type DirectoryToList, listDirectoryPages } from '../support/directory-pages.js';
import { withTimeout } from '../support/with-timeout.js';

/** The count is shown and nothing more: a run does not wait longer for it, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** A batch takes at most 1,000 files: a larger directory is not counted to its end. */
const MAX_PAGES = 10;

/**
 * Counts the files of a directory, for people who watch a batch: LlamaCloud says nothing of its size until it has ended.
 *
 * @returns `null` if they can't be counted in two seconds, or with one request if requests are limited.
 */
export async function countDirectoryFiles(
  deps: ActivityDeps,
  directory: DirectoryToList,
  cancelled: AbortSignal,
): Promise<number | null> {
  const maxPages = deps.requestsPerSecond === undefined ? MAX_PAGES : 1;
  try {
    return await withTimeout(cancelled, TIMEOUT_MS, async (signal) => {
      let count = 0;
      let pages = 0;
      for await (const { files, nextPageToken } of listDirectoryPages(deps, directory, signal)) {
        count += files.length;
        pages += 1;
        if (nextPageToken !== undefined && pages === maxPages) return null;
      }
      return count;
    });
  } catch (error) {
    cancelled.throwIfAborted();
    // A beta route: what is wrong with the key or the directory is said by the requests that the run needs.
    const { directoryId } = directory;
    log.debug('The files of the directory could not be counted', { directoryId, reason: String(error) });
    return null;
  }
}
