import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PRICES } from '../../src/protocol/index.js';
import { type LlamaCloudEmulator, startLlamaCloudEmulator } from '../../src/testing/index.js';
import { corpusLine } from '../activities/corpus/support.js';
import { until } from '../support/until.js';
import { cli } from './cli-process.js';

const toLines = (lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

describe('costs', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cli-costs-'));
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  const put = async (folder: string, lines: readonly object[]) => {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, 'manifest.jsonl'), toLines(lines));
  };

  test('of a corpus are by folder and by day', async () => {
    const day = (number: number) => ({ processedAt: `2026-11-0${number}T23:00:00.000Z` });
    await put('corpus', [
      corpusLine({ path: 'a.md', credits: 10, ...day(1) }),
      corpusLine({ path: 'hr/b.md', credits: 20, ...day(1) }),
      corpusLine({ path: 'hr/c.md', credits: null, ...day(2) }),
      corpusLine({ path: 'hr/failed.md', credits: null, status: 'FAILED', ...day(2) }),
      corpusLine({ path: 'hr/old/d.md', credits: 970 }),
    ]);
    const { stdout, code } = await cli(['costs', join(root, 'corpus')]);
    expect(code).toBe(0);
    expect(stdout.replace(/ +/g, ' ')).toBe(
      [
        'directories',
        ' . 1 files 10 credits 0.01 USD',
        ' hr 2 files 20 credits 0.03 USD 1 files without a bill',
        ' hr/old 1 files 970 credits 1.21 USD',
        ' Total 4 files 1,000 credits 1.25 USD 1 files without a bill',
        'days',
        ' 2026-11-01 2 files 30 credits 0.04 USD',
        ' 2026-11-02 1 files 0 credits 0.00 USD 1 files without a bill',
        ' day not known 1 files 970 credits 1.21 USD',
        ' Total 4 files 1,000 credits 1.25 USD 1 files without a bill',
        `Money is by the prices of ${PRICES.date}.`,
        '',
      ].join('\n'),
    );
    const some = await cli(['costs', join(root, 'corpus'), '--since', '2026-11-02', '--json']);
    expect(JSON.parse(some.stdout)).toMatchObject({ ok: true, days: [{ name: '2026-11-02', files: 1, unbilled: 1 }] });
  });

  test('of a run over LlamaCloud directories are those of its batches', async () => {
    const line = (fileId: string, credits: number) => ({ fileId, jobId: 'pjb-1', status: 'COMPLETED', credits });
    await put('many/directories-1', [
      { directoryId: 'dir-1', batchId: 'bat-1', files: null },
      { directoryId: 'dir-2', batchId: null, files: null },
    ]);
    await put('many/bat-1', [line('dfl-1', 3), line('dfl-2', 4)]);
    const directories = await cli(['costs', join(root, 'many'), 'directories-1', '--json']);
    expect(JSON.parse(directories.stdout).directories).toMatchObject([{ name: 'dir-1', files: 2, credits: 7 }]);
    const batch = await cli(['costs', join(root, 'many'), 'bat-1', '--json']);
    expect(JSON.parse(batch.stdout).directories).toMatchObject([{ name: 'bat-1', files: 2, credits: 7 }]);
  });

  test('of an organization are those that LlamaCloud has billed', async () => {
    const instant = { batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 };
    const emulator: LlamaCloudEmulator = await startLlamaCloudEmulator({ seed: 7, ...instant, creditsPerPage: 10 });
    try {
      const folder = join(root, 'files');
      await mkdir(folder);
      await writeFile(join(folder, 'a.md'), '# A\n');
      emulator.addDirectory(folder, { id: 'dir-1' });
      const env = { LLAMA_CLOUD_API_KEY: emulator.apiKey, LLAMA_CLOUD_BASE_URL: emulator.url };
      const config = '{job: {configuration_id: cfg-PARSE_AGENTIC, type: parse_v2}}';
      const create = ['--source-directory-id', 'dir-1', '--config', config];
      const created = await cli(['batches', 'create', ...create], env);
      expect(created.stderr).toBe('');
      const usage = ['costs', '--usage', '--organization', '11111111-2222-3333-4444-555555555555', '--json'];
      const billed = await until('the bill', async () => {
        const result = JSON.parse((await cli(usage, env)).stdout);
        return result.days.length > 0 ? result : undefined;
      });
      expect(billed.tiers).toMatchObject([{ name: 'agentic', credits: 10 }]);
      expect(billed.days[0].name).toMatch(/^\d{4}-\d\d-\d\d$/);
    } finally {
      await emulator.close();
    }
  });

  test.each([
    ['nothing to read', ['costs'], 'Give either an output or --usage'],
    ['no organization', ['costs', '--usage'], '--usage needs --organization'],
    ['a folder without a manifest', ['costs', '/nowhere'], 'is not there, or has no files'],
    ['a day that is none', ['costs', 'x', '--since', 'today'], 'Give a day'],
  ])('says what is wrong: %s', async (_what, args, message) => {
    const { code, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('process --estimate', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cli-estimate-'));
    await mkdir(join(root, 'source'));
    await writeFile(join(root, 'source/a.md'), '# A\n');
    await writeFile(join(root, 'source/b.md'), 'x'.repeat(3_000));
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  const estimate = (...options: string[]) =>
    cli(
      ['process', join(root, 'source'), '--output', join(root, 'out'), '--job', 'parse_v2', '--estimate', ...options],
      // Neither Temporal nor LlamaCloud is there.
      { TEMPORAL_ADDRESS: '127.0.0.1:1', LLAMA_CLOUD_API_KEY: '' },
    );

  test('says files, pages, credits and money, and how sure it is', async () => {
    const { stdout, code } = await estimate('--configuration', 'cfg-PARSE_AGENTIC');
    expect(stdout).toContain('Files    2 to process, 0 unchanged, 0 rejected\n');
    expect(stdout).toContain('Pages    2 to 3 (assumed for 2 files)\n');
    expect(stdout).toContain('Credits  20 to 30\n');
    expect(stdout).toContain('Money    0.03 to 0.04 USD\n');
    expect(stdout).toContain(`The prices are of ${PRICES.date}`);
    expect(code).toBe(0);
  });

  test('says that a price is not known, and takes the one of the caller', async () => {
    const unknown = await estimate('--configuration', 'cfg-own');
    expect(unknown.stdout).toContain('Credits  not known\n');
    expect(unknown.stdout).toContain('LlamaCloud does not show what cfg-own is');
    const file = join(root, 'prices.json');
    await writeFile(file, JSON.stringify({ ...PRICES, configurations: { 'cfg-own': 100 } }));
    const known = await estimate('--configuration', 'cfg-own', '--prices', file, '--json');
    expect(JSON.parse(known.stdout).estimate).toMatchObject({ credits: { low: 200, high: 300 } });
    await writeFile(file, JSON.stringify({ ...PRICES, pares: {} }));
    const wrong = await estimate('--configuration', 'cfg-own', '--prices', file);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('pares');
  });
});
