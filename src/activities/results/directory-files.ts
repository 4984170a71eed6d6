import { log } from '@temporalio/activity';
import { z } from 'zod';
import { HttpStatusError } from '../../llamacloud/index.js';
import { cleanText } from '../../protocol/index.js';
import { AccountPaused } from '../account/account-paused.js';
import type { ActivityDeps } from '../deps.js';
import { type DirectoryToList, listDirectoryPages } from '../support/directory-pages.js';
import { withTimeout } from '../support/with-timeout.js';
import { toPlainFileId } from './file-id.js';

/** How long the list is retried while it fails, in milliseconds. After that, files are shown by their ids. */
const RETRY_FOR_MS = 30_000;

/** For all pages of the list: a directory of 1,000 files has ten. */
const TIMEOUT_MS = 10_000;

/** A batch has at most 1,000 files. More names would not fit into a heartbeat, which carries all of them. */
const MAX_FILES = 2_000;

const MAX_FILE_NAME_BYTES = 200;

/** The files of a directory that have been read so far. */
export const readFilesSchema = z.object({
  /** An array and not an object: an id may be `constructor`. Ids are as {@link toPlainFileId} makes them. */
  files: z.array(
    z.object({
      id: z.string(),
      /** `null` if LlamaCloud gives none. */
      name: z.string().nullable(),
      /** Epoch milliseconds. `null` if LlamaCloud does not say. */
      createdAtMs: z.number().nullable(),
    }),
  ),
  /** Token of the page to read next. Missing if the list has ended or could not be read. */
  nextPageToken: z.string().optional(),
  /** Files whose id can't be used, and which are therefore not in `files`. */
  unidentified: z.number(),
  /** These are all files of the directory. */
  isComplete: z.boolean(),
});
export type DirectoryFiles = z.infer<typeof readFilesSchema>;

/** Stands for a directory that was not read. */
export const FILES_NOT_READ: DirectoryFiles = { files: [], unidentified: 0, isComplete: false };

/**
 * Lists the files of a directory: `GET /api/v1/beta/directories/{id}/files`. The route is in beta, so a run goes on without it: a
 * failure that may pass is thrown for the first 30 s, and after that what was read is returned.
 *
 * @param failingMs Milliseconds since the list first failed.
 * @param earlier What earlier attempts have read; this one continues there.
 * @returns One more page if requests are limited, otherwise all pages.
 */
export async function readDirectoryFiles(
  deps: ActivityDeps,
  directory: DirectoryToList,
  signal: AbortSignal,
  failingMs: number,
  earlier: DirectoryFiles = FILES_NOT_READ,
): Promise<DirectoryFiles> {
  const isLimited = deps.requestsPerSecond !== undefined;
  const byId = new Map(earlier.files.map((file) => [file.id, file]));
  let { unidentified } = earlier;
  const count = () => byId.size + unidentified;
  const readPages = async (limitedSignal: AbortSignal): Promise<string | undefined> => {
    for await (const page of listDirectoryPages(deps, directory, limitedSignal, earlier.nextPageToken)) {
      const countBefore = count();
      for (const { id: remoteId, display_name, created_at } of page.files) {
        if (remoteId === null) {
          unidentified += 1;
          continue;
        }
        const id = toPlainFileId(remoteId);
        const createdAtMs = created_at == null ? null : Date.parse(created_at);
        byId.set(id, { id, name: cleanText(display_name ?? '', MAX_FILE_NAME_BYTES) || null, createdAtMs });
      }
      // A page of known files: the list repeats itself. One without files may have had deleted ones.
      const isRepeated = page.files.length > 0 && count() === countBefore;
      const isEnough = count() >= MAX_FILES || isRepeated;
      if (isEnough || isLimited) return page.nextPageToken;
    }
    return undefined;
  };
  try {
    const countBefore = count();
    const nextPageToken = await withTimeout(signal, TIMEOUT_MS, readPages);
    const files = [...byId.values()].slice(0, MAX_FILES);
    if (nextPageToken === undefined)
      return { files, unidentified, isComplete: byId.size <= MAX_FILES && unidentified === 0 };
    const mayContinue = isLimited && count() < MAX_FILES && count() > countBefore;
    return { files, unidentified, ...(mayContinue ? { nextPageToken } : {}), isComplete: false };
  } catch (error) {
    signal.throwIfAborted();
    // A pause says nothing about the list.
    if (error instanceof AccountPaused) throw error;
    if (failingMs < RETRY_FOR_MS && !wouldFailAgain(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('The names of the files could not be read: their ids are used instead', {
      directoryId: directory.directoryId,
      reason,
    });
    return { files: [...byId.values()], unidentified, isComplete: false };
  }
}

/** LlamaCloud would reject the request again. */
function wouldFailAgain(error: unknown): boolean {
  return error instanceof HttpStatusError && error.status < 500 && ![408, 425, 429].includes(error.status);
}
