import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobType } from '../../protocol/index.js';
import type { CorpusSource } from '../../sources/index.js';
import { findSizeProblem } from './file-limits.js';

/** A file as it was read, at one time. */
export interface Snapshot {
  content: Blob;
  size: number;
  /** Hex SHA-256 of the content. */
  sha256: string;
  changeToken: string;
}

/** A file can't be uploaded as it is now. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

/** Larger files are copied to a temporary file. */
const MAX_MEMORY_BYTES = 1024 * 1024;

/**
 * Reads a file whole, and gives what was read to `use`: what is uploaded has the SHA-256 that is recorded for it, whatever happens to the file.
 *
 * @throws SourceFileError if it can't be read, or changes while it is read. FileProblem if it is empty or too large by now.
 */
export async function withSnapshot<T>(
  source: CorpusSource,
  path: string,
  type: JobType,
  signal: AbortSignal,
  use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const { size, changeToken, content } = await source.open(path, { signal });
  const problem = findSizeProblem(size, type);
  if (problem !== undefined) {
    await closeUnread(content);
    throw new FileProblem(problem);
  }
  const digest = createHash('sha256');
  let bytes = 0;
  async function* read() {
    for await (const chunk of content) {
      signal.throwIfAborted();
      digest.update(chunk);
      bytes += chunk.byteLength;
      const problem = findSizeProblem(bytes, type);
      if (problem !== undefined) throw new FileProblem(problem);
      yield chunk;
    }
  }
  const toSnapshot = (blob: Blob): Snapshot => ({
    content: blob,
    size: bytes,
    sha256: digest.digest('hex'),
    changeToken,
  });
  if (size <= MAX_MEMORY_BYTES) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of read()) chunks.push(chunk);
    return use(toSnapshot(new Blob([Buffer.concat(chunks)])));
  }
  const folder = await mkdtemp(join(tmpdir(), 'temporal-llamacloud-'));
  try {
    const copy = join(folder, 'content');
    const file = await open(copy, 'wx', 0o600);
    try {
      for await (const chunk of read()) await file.appendFile(chunk);
    } finally {
      await file.close();
    }
    return await use(toSnapshot(await openAsBlob(copy)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function closeUnread(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of content) return;
}
