import { readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import {
  corpusFolder,
  corpusLines,
  countRequests,
  numbered,
  parseCorpus,
  processedFiles,
  put,
  statuses,
} from './support.js';

describe('a folder, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  const process = async (source: string, output: string, options = {}) =>
    (await env.batches.startCorpus({ ...parseCorpus(source, output), ...options })).result();

  test('becomes documents at the paths of its files, and a manifest over all', async () => {
    const source = await corpusFolder({ 'a/b/lease.md': '# Lease\n', 'a.txt': 'plain', 'empty.md': '', 'x.exe': 'x' });
    const report = await process(source, 'first');
    expect(report).toMatchObject({ source, output: 'first', unchanged: 0, gone: 0 });
    expect(report.files).toEqual({ total: 4, completed: 2, failed: 2, cancelled: 0, skipped: 0 });
    const lines = await corpusLines(report);
    expect(lines.map(({ path, status }) => [path, status])).toEqual([
      ['a.txt', 'COMPLETED'],
      ['a/b/lease.md', 'COMPLETED'],
      ['empty.md', 'FAILED'],
      ['x.exe', 'FAILED'],
    ]);
    const [, lease] = lines;
    expect(lease?.output).toMatch(new RegExp(`^${env.output}/first/a/b/lease\\.md\\.[0-9a-f]{12}\\.md$`));
    expect(await readFile(lease?.output ?? '', 'utf8')).toBe('# Lease\n');
    expect(lease).toMatchObject({ size: 8, credits: 3, configurationId: 'cfg-PARSE_AGENTIC', error: null });
    expect(lines[2]?.error).toEqual({ type: 'FileRejected', message: 'it is empty' });
    expect(lines[3]?.error).toEqual({ type: 'FileRejected', message: 'LlamaCloud does not take files of its type' });
    expect(report.manifest).toBe(join(env.output, 'first/manifest.jsonl'));
  });

  test('that has not changed costs no upload, no batch and no credits; what has changed is processed, and nothing else', async () => {
    const source = await corpusFolder(numbered(20));
    await process(source, 'nightly');
    const second = countRequests(env);
    const unchanged = await process(source, 'nightly');
    expect(unchanged).toMatchObject({ unchanged: 20, gone: 0, credits: null });
    expect(unchanged.files.total).toBe(0);
    expect(second()).toEqual({ uploads: 0, directories: 0, batches: 0 });

    const before = processedFiles(env);
    for (const index of [0, 1, 2, 3, 4]) await put(source, `000${index}.md`, `# Changed ${index}\n`);
    for (const index of [0, 1, 2, 3, 4]) await put(source, `new/${index}.md`, `# New ${index}\n`);
    for (const index of [5, 6, 7, 8, 9]) await rm(join(source, `001${index}.md`));
    // Another time, and the same content.
    await utimes(join(source, '0010.md'), new Date(0), new Date(0));
    const third = countRequests(env);
    const changed = await process(source, 'nightly');
    expect(changed).toMatchObject({ unchanged: 10, gone: 5, credits: 30 });
    expect(changed.files).toEqual({ total: 10, completed: 10, failed: 0, cancelled: 0, skipped: 0 });
    expect(third()).toEqual({ uploads: 10, directories: 1, batches: 1 });
    const expected = ['0000.md', '0001.md', '0002.md', '0003.md', '0004.md'];
    const added = processedFiles(env);
    for (const path of before) added.splice(added.indexOf(path), 1);
    expect(added).toEqual([...expected, 'new/0.md', 'new/1.md', 'new/2.md', 'new/3.md', 'new/4.md']);
    const byPath = await statuses(changed);
    expect(byPath['0015.md']).toBe('GONE');
    expect(byPath['0010.md']).toBe('COMPLETED');
    expect(Object.keys(byPath)).toHaveLength(25);
  });
});
