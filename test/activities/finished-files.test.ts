import { createHash } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { DEFAULT_POLL, type ManifestLine } from '../../src/protocol/index.js';
import { addBatch, run, setBench } from './support.js';

/** A batch of three files whose documents are there and listed, and how to ask what is left of it. */
async function finished() {
  const bench = await setBench();
  const batch = await addBatch(bench);
  const lines: ManifestLine[] = [];
  for (const { id: fileId, name } of batch.directory.files) {
    const job = bench.emulator.jobs.list().find((each) => each.fileId === fileId);
    const jobId = job?.id ?? '';
    const input = { fileId, jobId, type: 'parse_v2', batchId: batch.id } as const;
    const outcome = await run(bench.activities.collectJob, input);
    if (outcome.status !== 'COMPLETED') throw new Error('it is not COMPLETED');
    const { output, bytes, sha256, credits, status } = outcome;
    lines.push({ fileId, name, jobId, jobType: 'parse_v2', status, output, bytes, sha256, credits, error: null });
  }
  const list = () => run(bench.activities.writeManifest, { batchId: batch.id, lines, part: 0, last: true });
  const manifest = await list();
  const read = {
    batchId: batch.id,
    directoryId: batch.directory.id,
    status: 'COMPLETED',
    pageSize: 10,
    graceMs: 1_000,
    poll: DEFAULT_POLL,
    onlyFailed: 'markdown',
  } as const;
  const left = async (format: 'markdown' | 'text' = 'markdown') => {
    const { rows } = await run(bench.activities.readResults, { ...read, onlyFailed: format });
    return rows.filter(({ document }) => document === undefined).map(({ name }) => name);
  };
  return { lines, list, manifest, left, read, bench, batch };
}

describe('with onlyFailed, what is left to do', () => {
  test('is nothing where every document is there, and each is told as the manifest has it', async () => {
    const { left, bench, read, lines } = await finished();
    expect(await left()).toEqual([]);
    const { rows } = await run(bench.activities.readResults, read);
    const [first] = lines;
    expect(rows[0]?.document).toMatchObject({ output: first?.output, sha256: first?.sha256, bytes: first?.bytes });
    expect(first?.sha256).toBe(createHash('sha256').update('# A\n').digest('hex'));
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
