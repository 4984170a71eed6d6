import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type LlamaCloudEmulator,
  type LocalTemporal,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../src/testing/index.js';
import { until } from '../support/until.js';
import { CliProcess, cli, cliProcess } from './cli-process.js';

const JOB = ['--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC'];

describe('process', () => {
  let temporal: LocalTemporal;
  let emulator: LlamaCloudEmulator;
  let env: Record<string, string>;
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cli-process-'));
    [temporal, emulator] = await Promise.all([startLocalTemporal(), startLlamaCloudEmulator({ seed: 7 })]);
    env = {
      TEMPORAL_ADDRESS: temporal.address,
      LLAMA_CLOUD_API_KEY: emulator.apiKey,
      LLAMA_CLOUD_BASE_URL: emulator.url,
    };
  });

  afterAll(async () => {
    await temporal?.close();
    await emulator?.close();
    await rm(root, { recursive: true, force: true });
  });

  const sourceOf = async (name: string) => {
    const source = await mkdtemp(join(root, `${name}-`));
    await writeFile(join(source, 'a.md'), '# A\n');
    await writeFile(join(source, 'b.md'), '# B\n');
    await writeFile(join(source, 'empty.md'), '');
    return source;
  };

  test('processes a folder, and the second time says what is unchanged', async () => {
    const [source, output] = [await sourceOf('twice'), join(root, 'twice-out')];
    const first = await cliProcess(['process', source, '--output', output, ...JOB], { env });
    expect(first.stdout).toContain('2 processed, 0 unchanged, 1 failed, 0 gone. 8 bytes written, 6 credits.');
    expect(first.stdout).toContain('it is empty');
    expect(first.code).toBe(0);
    const lines = (await readFile(join(output, 'manifest.jsonl'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(3);
    await rm(join(source, 'b.md'));
    const second = await cliProcess(['process', source, '--output', output, ...JOB, '--json'], { env });
    const { report } = JSON.parse(second.stdout);
    expect(report).toMatchObject({ unchanged: 1, gone: 1, credits: null, source });
    expect(second.stderr).toContain('0 processed, 1 unchanged, 1 failed, 1 gone.');
  });

  test('goes on with a run that an earlier call was stopped in', async () => {
    const [source, output] = [await sourceOf('stopped'), join(root, 'stopped-out')];
    emulator.configure({ batchRunningMs: 3_600_000 });
    const before = emulator.batches.list().length;
    const stopped = new CliProcess(['process', source, '--output', output, ...JOB], { env });
    await until('the batch', () => emulator.batches.list().length > before);
    await stopped.stop('SIGKILL');
    emulator.batches.finish(emulator.batches.list().at(-1)?.id ?? '');
    const result = await cliProcess(['process', source, '--output', output, ...JOB], { env });
    emulator.configure({ batchRunningMs: 0 });
    expect(result.stderr).toContain('A run over this output is open: it goes on');
    expect(result.stdout).toContain('2 processed, 0 unchanged, 1 failed, 0 gone.');
    expect(emulator.batches.list()).toHaveLength(before + 1);
  });

  test('stops before --max-credits, says what is left, and ends with an exit code of its own', async () => {
    const [source, output] = [await sourceOf('cap'), join(root, 'cap-out')];
    emulator.configure({ creditsPerPage: 10 });
    const capped = ['process', source, '--output', output, ...JOB, '--max-credits'];
    const first = await cliProcess([...capped, '15'], { env });
    expect(first.stdout).toContain('1 processed, 0 unchanged, 1 failed, 1 skipped, 0 gone.');
    expect(first.stdout).toContain('Estimated 10 credits, billed 10.');
    expect(first.stdout).toContain('10 of 15 credits are spent, 1 file left.');
    expect(first.stderr).toContain('BudgetReached: 1 files are left');
    expect(first.code).toBe(3);
    const second = await cliProcess([...capped, '20', '--json'], { env });
    emulator.configure({ creditsPerPage: 3 });
    expect(JSON.parse(second.stdout).report).toMatchObject({ unchanged: 1, budget: { spent: 20, filesLeft: 0 } });
    expect(second.code).toBe(0);
  });

  test('refuses a source that is no location before anything is started', async () => {
    const { code, stderr } = await cli(['process', 'https://host/x', '--output', join(root, 'x'), ...JOB], env);
    expect(code).toBe(2);
    expect(stderr).toContain('The source is wrong: https:// is not supported as source');
  });
});
