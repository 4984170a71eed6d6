import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CorpusSource, ListOptions, OpenedSourceFile, SourceEntry } from '../../src/sources/index.js';

/** A folder that anybody may read, and that is removed after the test. */
export async function sourceFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'source-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  for (const [path, content] of Object.entries(files)) await putFile(folder, path, content);
  return folder;
}

export async function putFile(folder: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

export async function listAll(source: CorpusSource, options: ListOptions = {}): Promise<SourceEntry[]> {
  const entries: SourceEntry[] = [];
  for await (const entry of source.list(options)) entries.push(entry);
  return entries;
}

export async function listPaths(source: CorpusSource, options: ListOptions = {}): Promise<string[]> {
  return (await listAll(source, options)).map(({ path }) => path);
}

export async function readText({ content }: OpenedSourceFile): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Runs as a user who may not read everything. Root may. */
export async function withoutPrivileges<T>(run: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process;
  if (geteuid === undefined || seteuid === undefined || geteuid() !== 0) return run();
  seteuid(65_534);
  try {
    return await run();
  } finally {
    seteuid(0);
  }
}
