import { readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createActivities } from '../../../src/activities/index.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import type { CollectFormat, ManifestLine } from '../../../src/protocol/index.js';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { run, until } from '../support.js';
import { editFiles, readLogged, startResults } from './support.js';

/** A batch of three files whose documents are there and listed, and how to ask what is left of it. */
async function finished({ hasNames = true } = {}) {
  const { env, batch, read } = await startResults({ lateRowsMs: 0, lateJobsMs: 0, shuffleResults: false });
  await until(() => env.emulator.jobs.list().every(({ status }) => status === 'COMPLETED'));
  const lines: ManifestLine[] = [];
  const collect = async () => {
    lines.length = 0;
    for (const { id: jobId, fileId, fileName } of env.emulator.jobs.list()) {
      const name = hasNames ? fileName : null;
      const input = { fileId, jobId, type: 'parse_v2', batchId: batch.id, ...(name === null ? {} : { name }) } as const;
      const outcome = await run(env.activities.collectJob, input);
      if (outcome.status !== 'COMPLETED') throw new Error('it is not COMPLETED');
      const { output, bytes, sha256, credits, status } = outcome;
      lines.push({ fileId, name, jobId, jobType: 'parse_v2', status, output, bytes, sha256, credits, error: null });
    }
  };
  await collect();
  const list = () =>
    run(env.activities.writeManifest, {
      ...read(),
      lines,
      part: 0,
      isLast: true,
      isPartial: false,
      documentCount: lines.length,
    });
  const manifest = await list();
  /** @param skipStored `null`: a run without onlyMissing. */
  const page = (skipStored: CollectFormat | null = 'markdown', activities = env.activities) =>
    readLogged({ ...env, activities }, read(0, { skipStored, graceMs: 0 }));
  const left = async (format: CollectFormat = 'markdown', activities = env.activities) =>
    (await page(format, activities)).rows
      .filter(({ storedLine }) => storedLine === null)
      .map(({ name }) => name)
      .sort();
  const renameFiles = (edit: (name: string) => string) =>
    editFiles(env.emulator, (file) => ({
      ...file,
      display_name: edit('display_name' in file ? String(file.display_name) : ''),
    }));
  return { env, batch, lines, list, manifest, left, page, renameFiles };
}

describe('with onlyMissing, what is left to do', () => {
  test('is nothing where every document is there, and each has the line that the manifest has', async () => {
    const { left, page, lines } = await finished();
    expect(await left()).toEqual([]);
    for (const { fileId, storedLine } of (await page()).rows)
      expect(storedLine).toEqual(lines.find((line) => line.fileId === fileId));
  });

  test('is a file whose document is gone, or is not whole', async () => {
    const { left, lines } = await finished();
    await rm(lines[0]?.output ?? '');
    await truncate(lines[2]?.output ?? '', 1);
    expect(await left()).toEqual(['a.md', 'c.md']);
  });

  test('is a file that failed, or that the manifest does not have', async () => {
    const { left, list, lines, manifest } = await finished();
    await rm(manifest);
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

  test('is a file whose line somebody has edited to more than history has room for', async () => {
    const { left, list, lines } = await finished();
    const [a, b, c] = lines;
    if (a !== undefined) a.output = '漢'.repeat(700);
    if (b !== undefined) b.sha256 = 'x'.repeat(100_000);
    if (c !== undefined) c.jobId = 'x'.repeat(100_000);
    await list();
    expect(await left()).toEqual(['a.md', 'b.md', 'c.md']);
  });

  test('is not a file that a child of the caller’s own finished without a document', async () => {
    const { left, list, lines } = await finished();
    const [a] = lines;
    if (a !== undefined) Object.assign(a, { output: null, bytes: null, sha256: null });
    await list();
    expect(await left()).toEqual([]);
  });

  test('is nothing where the output folder was moved since', async () => {
    const { env, left } = await finished();
    const { llamacloud, output } = env;
    const moved = `${output}-moved`;
    await rename(output, moved);
    onTestFinished(() => rm(moved, { recursive: true, force: true }));
    const activities = createActivities({ llamacloud, outputs: new DirectoryStore(moved) });
    expect(await left('markdown', activities)).toEqual([]);
    expect(await left('text', activities)).toHaveLength(3);
  });

  test.each([
    ['were known and can not be read now', true],
    ['are known only now', false],
  ])('is nothing where the names %s', async (_, hadNames) => {
    const { env, left, page } = await finished({ hasNames: hadNames });
    if (hadNames) env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles, times: 2 });
    expect(await left()).toEqual([]);
    expect((await page()).warnings).toMatchObject(hadNames ? [{ directoryId: expect.anything() }] : []);
  });

  test('is nothing where the files were renamed in LlamaCloud', async () => {
    const { left, renameFiles } = await finished();
    renameFiles((name) => `new ${name}`);
    expect(await left()).toEqual([]);
  });
});

describe('a run that processes all files of a batch again', () => {
  test('keeps the paths of an earlier run where the names can not be read', async () => {
    const { env, page } = await finished();
    env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles });
    const { rows } = await page(null);
    expect(rows.map(({ name, storedLine }) => [name, storedLine])).toEqual([
      ['a.md', null],
      ['b.md', null],
      ['c.md', null],
    ]);
  });

  test('leaves the documents of files that were renamed under both names, side by side, and warns of it', async () => {
    const { env, batch, lines, page, renameFiles } = await finished();
    renameFiles((name) => name.replace('b.md', 'new b.md'));
    const { rows, warnings } = await page(null);
    expect(warnings).toMatchObject([{ batchId: batch.id, files: 1 }]);
    const [, b] = rows;
    const input = { fileId: b?.fileId ?? '', jobId: b?.job?.id ?? '', type: 'parse_v2', batchId: batch.id } as const;
    await run(env.activities.collectJob, { ...input, name: b?.name ?? '' });
    const [, tag] = /\.([0-9a-f]{12})\.md$/.exec(basename(lines[1]?.output ?? '')) ?? [];
    const documents = await readdir(join(env.output, batch.id));
    expect(documents.filter((name) => name.endsWith(`.${tag}.md`))).toEqual([`b.md.${tag}.md`, `new b.md.${tag}.md`]);
  });

  test('warns of nothing where the names are the same', async () => {
    const { page } = await finished();
    expect((await page(null)).warnings).toEqual([]);
  });
});
