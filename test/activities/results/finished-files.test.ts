import { rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { ManifestLine } from '../../../src/protocol/index.js';
import { run, runAttempts, until } from '../support.js';
import { startResults } from './support.js';

/** A batch of three files whose documents are there and listed, and how to ask what is left of it. */
async function finished() {
  const { bench, batch, read } = await startResults();
  await until(() => bench.emulator.jobs.list().every(({ status }) => status === 'COMPLETED'));
  const lines: ManifestLine[] = [];
  for (const { id: jobId, fileId, fileName: name } of bench.emulator.jobs.list()) {
    const input = { fileId, jobId, type: 'parse_v2', batchId: batch.id } as const;
    const outcome = await run(bench.activities.collectJob, input);
    if (outcome.status !== 'COMPLETED') throw new Error('it is not COMPLETED');
    const { output, bytes, sha256, credits, status } = outcome;
    lines.push({ fileId, name, jobId, jobType: 'parse_v2', status, output, bytes, sha256, credits, error: null });
  }
  const list = () => run(bench.activities.writeManifest, { ...read(), lines, part: 0, last: true, partial: false });
  const manifest = await list();
  const rows = async (skipStored: 'markdown' | 'text' = 'markdown') =>
    (await runAttempts(bench.activities.readResults, read(0, { skipStored }))).rows;
  const left = async (format: 'markdown' | 'text' = 'markdown') =>
    (await rows(format))
      .filter(({ finished }) => finished === null)
      .map(({ name }) => name)
      .sort();
  return { lines, list, manifest, left, rows };
}

describe('with onlyFailed, what is left to do', () => {
  test('is nothing where every document is there, and each has the line that the manifest has', async () => {
    const { left, rows, lines } = await finished();
    expect(await left()).toEqual([]);
    for (const { fileId, finished } of await rows())
      expect(finished).toEqual(lines.find((line) => line.fileId === fileId));
  });

  test('is a file whose document is gone, or is not whole', async () => {
    const { left, lines } = await finished();
    await rm(lines[0]?.output ?? '');
    await truncate(lines[2]?.output ?? '', 1);
    expect(await left()).toEqual(['a.md', 'c.md']);
  });

  test('is a file that failed, or that the manifest does not have', async () => {
    const { left, list, lines } = await finished();
    lines.splice(0, 1);
    const [b] = lines;
    if (b !== undefined)
      Object.assign(b, { status: 'FAILED', output: null, error: { type: 'JobFailed', message: 'no' } });
    await list();
    expect(await left()).toEqual(['a.md', 'b.md']);
  });

  test('is everything where another format is wanted', async () => {
    const { left } = await finished();
    expect(await left('text')).toEqual(['a.md', 'b.md', 'c.md']);
  });

  test('is everything without a manifest, or with one that is damaged', async () => {
    const { left, manifest } = await finished();
    await writeFile(manifest, '{"fileId": "dfl-\n\u0000\n[]\n');
    expect(await left()).toEqual(['a.md', 'b.md', 'c.md']);
    await rm(manifest);
    expect(await left()).toEqual(['a.md', 'b.md', 'c.md']);
  });

  test('is not a file that a child of the caller’s own finished without a document', async () => {
    const { left, list, lines } = await finished();
    const [a] = lines;
    if (a !== undefined) Object.assign(a, { output: null, bytes: null, sha256: null });
    await list();
    expect(await left()).toEqual([]);
  });
});
