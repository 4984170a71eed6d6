import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ManifestLine } from '../../../src/protocol/index.js';
import { failing, run, startActivityEnvironment } from '../support.js';

const line = (fileId: string): ManifestLine => ({
  fileId,
  name: `${fileId}\n"ü".md`,
  jobId: 'pjb-1',
  jobType: 'parse_v2',
  status: 'COMPLETED',
  output: '/out/x.md',
  bytes: 3,
  sha256: 'abc',
  credits: null,
  error: null,
});

async function start() {
  const { activities, output, outputs } = await startActivityEnvironment();
  const storeId = await outputs.id();
  const inputOf = (firstRunId: string, part: number, isLast: boolean, ids: string[], isPartial: boolean) => ({
    ...{ batchId: 'bat-1', firstRunId, storeId, part, isLast, isPartial },
    documentCount: ids.length,
    lines: ids.map(line),
  });
  const write = (firstRunId: string, part: number, isLast: boolean, ids: string[], isPartial = false) =>
    run(activities.writeManifest, inputOf(firstRunId, part, isLast, ids, isPartial));
  const fail = (firstRunId: string, part: number, isLast: boolean, ids: string[]) =>
    failing(activities.writeManifest, inputOf(firstRunId, part, isLast, ids, false));
  return { activities, write, fail, folder: join(output, 'bat-1') };
}

async function linesIn(path: string): Promise<ManifestLine[]> {
  const text = await readFile(path, 'utf8');
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((each) => each !== '')
    .map((each): ManifestLine => JSON.parse(each));
}

const idsIn = async (path: string) => (await linesIn(path)).map(({ fileId }) => fileId);

test('a manifest of one part has a line of JSON for every file, beside the documents', async () => {
  const { write, folder } = await start();
  const location = await write('run-1', 0, true, ['dfl-1', 'dfl-2']);
  expect(location).toBe(join(folder, 'manifest.jsonl'));
  expect(await linesIn(location)).toEqual([line('dfl-1'), line('dfl-2')]);
});

test('no character of a name ends its line in the manifest, whatever a reader takes for the end of a line', async () => {
  const { write, folder } = await start();
  await write('run-1', 0, true, ['a\u2028b\u2029c\u0085d']);
  const text = await readFile(join(folder, 'manifest.jsonl'), 'utf8');
  expect(text.trimEnd()).not.toMatch(/[\u0085\u2028\u2029\n]/);
  expect(JSON.parse(text)).toMatchObject({ fileId: 'a\u2028b\u2029c\u0085d' });
});

test('parts become one manifest in their order, and only after the last', async () => {
  const { write } = await start();
  const ids = Array.from({ length: 12 }, (_, index) => `dfl-${index}`);
  for (const [number, id] of ids.entries()) {
    const isLast = number === ids.length - 1;
    const location = await write('run-1', number, isLast, [id, `${id}b`]);
    if (isLast) expect(await idsIn(location)).toEqual(ids.flatMap((each) => [each, `${each}b`]));
    else await expect(readFile(location)).rejects.toThrow('ENOENT');
  }
});

test('a part that is written twice is in it once', async () => {
  const { write } = await start();
  await write('run-1', 0, false, ['dfl-1']);
  await write('run-1', 0, false, ['dfl-1']);
  await write('run-1', 1, true, ['dfl-2']);
  expect(await idsIn(await write('run-1', 1, true, ['dfl-2']))).toEqual(['dfl-1', 'dfl-2']);
});

test('two runs of one batch with other parts do not meet, and each has every file once', async () => {
  const { write } = await start();
  await write('run-1', 0, false, ['a']);
  await write('run-2', 0, false, ['c', 'b']);
  await write('run-1', 1, false, ['b']);
  expect(await idsIn(await write('run-2', 1, true, ['a']))).toEqual(['c', 'b', 'a']);
  expect(await idsIn(await write('run-1', 2, true, ['c']))).toEqual(['a', 'b', 'c']);
});

test('a manifest does not replace one that lists more documents', async () => {
  const { write, folder } = await start();
  const first = await write('run-1', 0, true, ['a', 'b', 'c']);
  await write('run-2', 0, false, ['a']);
  const second = await write('run-2', 1, true, ['b']);
  expect(second).toBe(join(folder, 'runs', 'run-2', 'manifest.jsonl'));
  expect(await idsIn(second)).toEqual(['a', 'b']);
  expect(await idsIn(first)).toEqual(['a', 'b', 'c']);
  expect(await write('run-3', 0, true, ['c', 'b', 'd'])).toBe(first);
  expect(await idsIn(first)).toEqual(['c', 'b', 'd']);
});

describe('the manifest of a run that did not try every file', () => {
  test('does not replace that of the batch, and is not replaced by it', async () => {
    const { write, folder } = await start();
    const whole = await write('run-1', 0, true, ['a', 'b']);
    const part = await write('run-2', 0, true, ['a'], true);
    expect(part).not.toBe(whole);
    expect(await idsIn(whole)).toEqual(['a', 'b']);
    expect(await idsIn(part)).toEqual(['a']);
    expect(await readdir(folder)).toEqual(['manifest.jsonl', 'runs']);
  });

  test('stands in for that of the batch until there is one', async () => {
    const { write, folder } = await start();
    await write('run-2', 0, false, ['a'], false);
    const part = await write('run-2', 1, true, ['b'], true);
    const ofBatch = join(folder, 'manifest.jsonl');
    expect(await idsIn(ofBatch)).toEqual(['a', 'b']);
    expect(await write('run-1', 0, true, ['a', 'b', 'c'])).toBe(ofBatch);
    expect(await idsIn(ofBatch)).toEqual(['a', 'b', 'c']);
    expect(await idsIn(part)).toEqual(['a', 'b']);
  });
});

test('a part that is gone is OutputFailed, with a hint at why, and leaves no half manifest', async () => {
  const { write, fail, folder } = await start();
  await write('run-1', 0, false, ['dfl-1']);
  await rm(folder, { recursive: true });
  await mkdir(folder);
  const failure = await fail('run-1', 1, true, ['dfl-2']);
  expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
  expect(failure.message).toContain('manifest.part-00000.jsonl: it is gone. Check that the output folder');
  await expect(readFile(join(folder, 'manifest.jsonl'))).rejects.toThrow('ENOENT');
});

test('a batch without files has an empty manifest', async () => {
  const { write } = await start();
  expect(await linesIn(await write('run-1', 0, true, []))).toEqual([]);
});

test('another output store than the run has gets no manifest', async () => {
  const { activities, folder } = await start();
  const input = { batchId: 'bat-1', firstRunId: 'run-1', storeId: 'another', lines: [line('a')] };
  const failure = await failing(activities.writeManifest, {
    ...input,
    part: 0,
    isLast: true,
    isPartial: false,
    documentCount: 1,
  });
  expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
});
