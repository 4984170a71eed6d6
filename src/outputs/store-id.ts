import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';

/** No key's name starts with a dot. */
const FILE_NAME = '.store-id';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads the id of the store at a root, and creates it where there is none. Workers that start together agree. */
export async function readStoreId(root: string): Promise<string> {
  const path = join(root, FILE_NAME);
  const id = (await readIfThere(path)) ?? (await create(root, path));
  if (!UUID.test(id)) throw new Error(`${path} is damaged: delete it, and a new one is created`);
  return id;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A link appears with its content, and only for the first that makes it: of several workers, all read the id of one. */
async function create(root: string, path: string): Promise<string> {
  await makeFolder(root);
  const own = join(root, `${FILE_NAME}-${randomUUID()}`);
  try {
    await writeFile(own, `${randomUUID()}\n`, { flag: 'wx', flush: true });
    await link(own, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(own, { force: true });
  }
  return readFile(path, 'utf8').then((id) => id.trim());
}
