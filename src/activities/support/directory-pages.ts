import type { DirectoryFile } from '../../llamacloud/index.js';
import type { ApiScope } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';

export interface DirectoryToList extends ApiScope {
  directoryId: string;
}

interface DirectoryPage {
  /** Without the files that were deleted. */
  files: DirectoryFile[];
  /** Missing on the last page. */
  nextPageToken: string | undefined;
}

const PAGE_SIZE = 100;

/**
 * Lists the files of a directory page by page: `GET /api/v1/beta/directories/{id}/files`. A page is requested when it is read.
 *
 * @param pageToken Token of the page to start at. Default: the first page.
 */
export async function* listDirectoryPages(
  { llamacloud }: ActivityDeps,
  { directoryId, projectId, organizationId }: DirectoryToList,
  signal: AbortSignal,
  pageToken?: string,
): AsyncGenerator<DirectoryPage> {
  const options = { pageSize: PAGE_SIZE, projectId, organizationId, signal };
  let nextPageToken = pageToken;
  do {
    const token = nextPageToken === undefined ? {} : { pageToken: nextPageToken };
    const page = await llamacloud.listDirectoryFiles(directoryId, { ...options, ...token });
    nextPageToken = page.next_page_token || undefined;
    yield { files: page.items.filter(({ deleted_at }) => deleted_at == null), nextPageToken };
  } while (nextPageToken !== undefined);
}
