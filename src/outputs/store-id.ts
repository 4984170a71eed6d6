import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';
import { TEMPORARY_FOLDER } from './temporary-files.js';

/** Starts with a dot, unlike the names of documents and folders. */
export const STORE_ID_NAME = '.store-id';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What `link` fails with on file systems without hard links: many SMB, exFAT and FUSE mounts. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** How long an id that is not complete is read again, in milliseconds. A share may show the size of a new file a second late. */
const REREAD_FOR_MS = 2_000;
const REREAD_INTERVAL_MS = 50;

/** Reads the id of the store at a root, and creates it if there is none. Workers that start at the same time get the same id. */
export async function readStoreId(root: string): Promise<string> {
  const path = join(root, STORE_ID_NAME);
  let text = (await readIfExists(path)) ?? (await create(root, path));
  // Without links, another worker may be writing it.
  for (let waitedMs = 0; !UUID.test(text.trim()) && waitedMs < REREAD_FOR_MS; waitedMs += REREAD_INTERVAL_MS) {
    await sleep(REREAD_INTERVAL_MS);
    text = (await readIfExists(path)) ?? text;
  }
  return parseStoreId(text, path);
}

/** @param location Where the text is from, for the message. @throws Error if it is no id. */
export function parseStoreId(text: string, location: string): string {
  const id = text.trim();
  if (!UUID.test(id)) throw new Error(`${location} is damaged: delete it, and a new one is created`);
  return id;
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * A link is created atomically, with its content, and only once. So of several workers, one creates the id that all of them read. Without
 * links, one of them creates the file, which is empty for a moment.
 */
async function create(root: string, path: string): Promise<string> {
  const temporaryFolder = join(root, TEMPORARY_FOLDER);
  await makeFolder(temporaryFolder);
  const temporaryPath = join(temporaryFolder, randomUUID());
  try {
    await writeFile(temporaryPath, `${randomUUID()}\n`, { flag: 'wx', flush: true });
    await link(temporaryPath, path).catch((error: unknown) => {
      if (!NO_LINKS.has(errorCode(error))) throw error;
      return writeFile(path, `${randomUUID()}\n`, { flag: 'wx', flush: true });
    });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporaryPath, { force: true });
  }
  return readFile(path, 'utf8');
}
