/** What the tests of `processCorpus` share: a folder of files, and what LlamaCloud was asked for. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CorpusLine, CorpusReport, ProcessCorpusInput } from '../../../src/index.js';
import type { TestEnvironment } from '../../support/test-environment.js';

/** A folder that is removed after the test. */
export async function corpusFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'corpus-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  for (const [path, content] of Object.entries(files)) await put(folder, path, content);
  return folder;
}

export async function put(folder: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

/** `count` small files. */
export function numbered(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${String(index).padStart(4, '0')}.md`, `# File ${index}\n`]),
  );
}

export function parseCorpus(source: string, output: string): ProcessCorpusInput {
  return { source, output, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } };
}

export async function corpusLines({ manifest }: Pick<CorpusReport, 'manifest'>): Promise<CorpusLine[]> {
  if (manifest === null) throw new Error('there is no manifest');
  const text = await readFile(manifest, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): CorpusLine => JSON.parse(line));
}

/** Statuses by path. */
export async function statuses(report: CorpusReport): Promise<Record<string, string>> {
  return Object.fromEntries((await corpusLines(report)).map(({ path, status }) => [path, status]));
}

/** What the emulator was asked to do since the call, of what costs money or time. */
export function countRequests({ emulator }: TestEnvironment) {
  const start = emulator.requests.length;
  const since = () => emulator.requests.slice(start);
  const count = (method: string, path: RegExp) =>
    since().filter((request) => request.method === method && path.test(request.path)).length;
  return () => ({
    uploads: count('POST', /\/files\/upload$/),
    directories: count('POST', /\/beta\/directories$/),
    batches: count('POST', /\/v2\/batches$/),
  });
}

/** How often each file of the source was processed in a batch that was not cancelled, by its unique id. */
export function processedFiles({ emulator }: TestEnvironment): string[] {
  const directories = new Map(emulator.directories.list().map((directory) => [directory.id, directory]));
  return emulator.batches
    .list()
    .flatMap(({ directoryId, files }) =>
      files.map(
        ({ fileId }) => directories.get(directoryId)?.files.find(({ id }) => id === fileId)?.uniqueId ?? fileId,
      ),
    )
    .toSorted();
}
