import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ManifestLine } from '../../src/protocol/index.js';
import { failing, run, setBench } from './support.js';

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

const part = (number: number, last: boolean, ...ids: string[]) => ({
  batchId: 'bat-1',
  lines: ids.map(line),
  part: number,
  last,
});

async function linesIn(path: string): Promise<ManifestLine[]> {
  const text = await readFile(path, 'utf8');
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((each) => each !== '')
    .map((each): ManifestLine => JSON.parse(each));
}

test('a manifest of one part has a line of JSON for every file, beside the documents', async () => {
  const { activities, output } = await setBench();
  const location = await run(activities.writeManifest, part(0, true, 'dfl-1', 'dfl-2'));
  expect(location).toBe(join(output, 'bat-1', 'manifest.jsonl'));
  expect(await linesIn(location)).toEqual([line('dfl-1'), line('dfl-2')]);
});

test('parts become one manifest in their order, and only after the last', async () => {
  const { activities } = await setBench();
  const ids = Array.from({ length: 12 }, (_, index) => `dfl-${index}`);
  for (const [number, id] of ids.entries()) {
    const isLast = number === ids.length - 1;
    const location = await run(activities.writeManifest, part(number, isLast, id, `${id}b`));
    if (isLast)
      expect((await linesIn(location)).map(({ fileId }) => fileId)).toEqual(ids.flatMap((each) => [each, `${each}b`]));
    else await expect(readFile(location)).rejects.toThrow('ENOENT');
  }
});

test('a part that is written twice is in it once', async () => {
  const { activities } = await setBench();
  await run(activities.writeManifest, part(0, false, 'dfl-1'));
  await run(activities.writeManifest, part(0, false, 'dfl-1'), { number: 2 });
  await run(activities.writeManifest, part(1, true, 'dfl-2'));
  const location = await run(activities.writeManifest, part(1, true, 'dfl-2'), { number: 2 });
  expect((await linesIn(location)).map(({ fileId }) => fileId)).toEqual(['dfl-1', 'dfl-2']);
});

test('a part that is gone is OutputFailed, with a hint at why, and leaves no half manifest', async () => {
  const { activities, output } = await setBench();
  await run(activities.writeManifest, part(0, false, 'dfl-1'));
  await rm(join(output, 'bat-1'), { recursive: true });
  await mkdir(join(output, 'bat-1'));
  const failure = await failing(activities.writeManifest, part(1, true, 'dfl-2'));
  expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
  expect(failure.message).toContain('manifest.part-00000.jsonl: it is gone; do all workers share one output store?');
  await expect(readFile(join(output, 'bat-1', 'manifest.jsonl'))).rejects.toThrow('ENOENT');
});

test('a batch without files has an empty manifest', async () => {
  const { activities } = await setBench();
  expect(await linesIn(await run(activities.writeManifest, part(0, true)))).toEqual([]);
});
