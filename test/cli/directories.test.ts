import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoriesProgress, DirectoriesReport } from '../../src/index.js';
import {
  type LlamaCloudEmulator,
  type LocalTemporal,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../src/testing/index.js';
import { until } from '../support/until.js';
import { CliProcess, cli, readJson } from './cli-process.js';

interface Answer {
  readonly ok: boolean;
  readonly workflowId: string;
  readonly report: DirectoriesReport;
  readonly progress: DirectoriesProgress;
  readonly error: { readonly type: string };
}

const IDS = ['dir-1', 'dir-2', 'dir-3'];

describe('start over many directories', () => {
  let temporal: LocalTemporal;
  let emulator: LlamaCloudEmulator;
  let worker: CliProcess;
  let output: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'cli-directories-'));
    // No batch ends by itself: each test ends its own when it has seen what it wants.
    emulator = await startLlamaCloudEmulator({ seed: 7, batchRunningMs: 3_600_000, jobPendingMs: 0, jobRunningMs: 0 });
    for (const id of IDS) await emulator.addDirectory([{ name: 'good.txt', content: 'text' }], { id });
    temporal = await startLocalTemporal();
    env = { TEMPORAL_ADDRESS: temporal.address };
    worker = new CliProcess(['worker'], {
      env: {
        ...env,
        LLAMA_CLOUD_API_KEY: emulator.apiKey,
        LLAMA_CLOUD_BASE_URL: emulator.url,
        LLAMACLOUD_OUTPUT: output,
      },
    });
    await worker.waitForOutput(/^Polling task queue/);
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await temporal?.close();
    await emulator?.close();
    await rm(output, { recursive: true });
  });

  const parseFlags = (...ids: string[]) => [
    ...ids.flatMap((id) => ['--directory', id]),
    ...['--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC'],
  ];
  const run = (...args: string[]) => cli(args, env);
  const open = () => emulator.batches.list().filter(({ status }) => status === 'RUNNING');
  const finish = (count: number) =>
    until(`${count} batches`, () => {
      if (open().length !== count) return false;
      for (const { id } of open()) emulator.batches.finish(id);
      return true;
    });

  it('shows how far it is, follows it to its one report, and exits 1 when a directory did not complete', async () => {
    const args = ['start', ...parseFlags('dir-1', 'dir-none', 'dir-2'), '--max-concurrent-batches', '2'];
    const started = readJson<Answer>(await run(...args, '--json'));
    expect(started.workflowId).toMatch(/^llamacloud\/3-directories-\w+\/parse_v2\/cfg-PARSE_AGENTIC$/);
    await until('two batches', () => open().length === 2);

    const { progress } = readJson<Answer>(await run('progress', started.workflowId, '--json'));
    expect(progress).toMatchObject({ phase: 'processing', running: 2, directories: { total: 3, failed: 1 } });
    const shown = await run('progress', started.workflowId);
    expect(shown.stdout).toMatch(/^Processing the directories: 1 of 3 directories, 1 failed$/m);
    expect(shown.stdout).toMatch(/^ {2}Directories +1 of 3 directories: 0 completed, 1 failed\. 2 being processed$/m);
    expect(shown.stdout).toMatch(/^ {2}Failed +dir-none: /m);
    const again = await run(...args);
    expect(again.stderr).toContain(`error: ${started.workflowId} is already running`);

    const watching = run('progress', started.workflowId, '--watch', '--json');
    const following = new CliProcess([...args, '--on-conflict', 'use-existing', '--wait'], { env });
    await following.waitForOutput(/Processing the directories/);
    await finish(2);
    const watched = await watching;
    expect(watched.code).toBe(1);
    expect(readJson<Answer>(watched)).toMatchObject({ ok: false, report: { directories: { completed: 2 } } });
    const { code, stdout, stderr } = await following.end();
    expect(code).toBe(1);
    expect(stderr).toContain('error: 1 of 3 directories did not complete\n');
    expect(stdout).toMatch(/^3 directories: 2 completed, 1 failed\. 2 files: 2 completed\. 8 bytes written/m);
    expect(stdout).toMatch(/^ {2}dir-none {2}.*dir-none/m);
    expect(stdout).toMatch(/^Manifest +\/.*directories-.*manifest\.jsonl$/m);
    expect(stdout).toContain(`\nDocuments  ${output}, one folder for each batch\n`);
  });

  it('is cancelled with all of its batches', async () => {
    const waiting = run('start', ...parseFlags(...IDS), '--workflow-id', 'to be cancelled', '--wait', '--json');
    await until('three batches', () => open().length === 3);
    expect(await run('cancel', 'to be cancelled')).toMatchObject({ code: 0 });
    const result = await waiting;
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: the run was cancelled$/m);
    expect(readJson<Answer>(result)).toMatchObject({
      error: { type: 'Cancelled' },
      report: { directories: { total: 3, cancelled: 3 } },
    });
    const { stdout } = await run('progress', 'to be cancelled');
    expect(stdout).toMatch(/^Cancelled: 3 of 3 directories, 3 cancelled/m);
    expect(stdout).toMatch(/^ {2}Directories +3 of 3 directories: 0 completed, 3 cancelled$/m);
    expect(open()).toHaveLength(0);
  });

  it('has a worker that says how to register the search attributes', () => {
    expect(worker.stderr).toMatch(
      /WARN .*search attributes.*not registered.*temporal operator search-attribute create/,
    );
  });

  it('exits 1 when no more batches could be made, and tells what there is', async () => {
    const queue = ['--task-queue', 'of-a-wrong-key'];
    const other = new CliProcess(['worker', ...queue], {
      env: {
        ...env,
        LLAMA_CLOUD_API_KEY: 'llx-of-nobody-0123456789',
        LLAMA_CLOUD_BASE_URL: emulator.url,
        LLAMACLOUD_OUTPUT: output,
      },
    });
    const flags = [...queue, '--max-concurrent-batches', '1', '--wait', '--json'];
    const result = await run('start', ...parseFlags(...IDS), ...flags).finally(() => other.stop('SIGKILL'));
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /^error: the run failed\. NotAuthorized: directory dir-1: .*Check the API key.*2 of 3/m,
    );
    expect(readJson<Answer>(result)).toMatchObject({
      error: { type: 'NotAuthorized' },
      report: { directories: { failed: 1, skipped: 2 } },
    });
  });
});
