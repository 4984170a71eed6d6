import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureSummary, FileCounts } from '../../src/index.js';
import { until } from '../support/until.js';
import { type CliEnvironment, parseFlags, startCliEnvironment } from './cli-environment.js';
import { cli, readJson } from './cli-process.js';

interface Listed {
  readonly workflowId: string;
  readonly kind: string;
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly batchId: string | null;
  readonly files: FileCounts | null;
  readonly reason: FailureSummary | null;
}

describe('list', () => {
  let cliEnv: CliEnvironment;
  let run: CliEnvironment['run'];

  beforeAll(async () => {
    cliEnv = await startCliEnvironment();
    run = cliEnv.run;
  });

  afterAll(() => cliEnv?.close());

  async function list(...flags: string[]): Promise<{ runs: Listed[]; hasMore: boolean }> {
    return readJson(await run('list', '--json', ...flags));
  }

  const ids = (runs: readonly Listed[]) => runs.map(({ workflowId }) => workflowId).sort();

  /** Waits until the list has exactly these runs. */
  const untilListed = (workflowIds: string[], ...flags: string[]) =>
    until(`a list of ${workflowIds.join(', ')}`, async () => {
      const { runs } = await list(...flags);
      return ids(runs).join() === [...workflowIds].sort().join() && runs;
    });

  it('says that there are no runs, and what the filters for paused and stuck ones need', async () => {
    expect(await run('list')).toMatchObject({ code: 0, stdout: 'There are no such runs in namespace default\n' });
    const { code, stderr } = await run('list', '--stuck');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The search attribute LlamaCloudRunState is not registered.*\nhint: .*setup/);
    expect(await run('list', '--limit', '0')).toMatchObject({ code: 2 });
    expect(await run('setup')).toMatchObject({ code: 0 });
  });

  it('shows the state of each run, why it failed, is paused or is stuck, and its files where they are known', async () => {
    const { batchOf, finish } = cliEnv;
    const start = (id: string, directory: string, ...flags: string[]) =>
      run('start', ...parseFlags(directory), '--workflow-id', id, ...flags);
    await start('running', 'dir-1');
    await start('paused', 'dir-2');
    await start('stuck', 'dir-3', '--stuck-after', '2s');
    await start('cancelled', 'dir-6');
    const { id: batchId } = await batchOf('dir-2');
    await until('its pause', async () => (await run('pause', 'paused', '--reason', 'an incident')).code === 0);
    await batchOf('dir-6');
    await run('cancel', 'cancelled');
    const completed = start('completed', 'dir-4', '--wait');
    await finish('dir-4');
    const failed = start('failed', 'dir-5', '--max-failed-files', '0', '--wait');
    await finish('dir-5');
    await Promise.all([completed, failed]);
    // On a slow machine it may get stuck before it waits.
    await until('it to be stuck while it waits', async () =>
      (await untilListed(['stuck'], '--stuck'))[0]?.reason?.message.includes('has not changed the status'),
    );
    await untilListed(['paused'], '--paused');
    await untilListed(['failed'], '--failed');
    await untilListed(['failed', 'stuck'], '--failed', '--stuck');
    await untilListed(['paused', 'running', 'stuck'], '--running');
    const all = ['cancelled', 'completed', 'failed', 'paused', 'running', 'stuck'];
    const runs = new Map((await untilListed(all, '--since', '1h')).map((each) => [each.workflowId, each]));
    expect(runs.get('running')).toMatchObject({ kind: 'batch', state: 'RUNNING', endedAt: null, reason: null });
    expect(runs.get('paused')).toMatchObject({
      ...{ state: 'PAUSED', batchId },
      reason: { type: 'Paused', message: 'an incident' },
    });
    expect(runs.get('stuck')).toMatchObject({
      state: 'STUCK',
      reason: { type: 'Stuck', message: expect.stringMatching(/^since \S+Z\. LlamaCloud has not changed the status/) },
    });
    const { id: completedBatchId } = await batchOf('dir-4');
    expect(runs.get('completed')).toMatchObject({
      ...{ state: 'COMPLETED', batchId: completedBatchId, reason: null },
      files: { total: 2, completed: 1, failed: 1 },
    });
    expect(Date.parse(runs.get('completed')?.endedAt ?? '')).toBeGreaterThan(
      Date.parse(runs.get('completed')?.startedAt ?? ''),
    );
    expect(runs.get('failed')).toMatchObject({
      ...{ state: 'FAILED', files: { total: 2, failed: 1 } },
      reason: { type: 'TooManyFailedFiles', message: expect.stringContaining('1 of 2 files') },
    });
    expect(runs.get('cancelled')).toMatchObject({ state: 'CANCELLED', reason: { type: 'Cancelled' } });
    const { stdout } = await run('list');
    expect(stdout).toMatch(/^WORKFLOW +KIND +STATE +STARTED +BATCH +FILES +REASON$/m);
    expect(stdout).toMatch(new RegExp(`^completed +batch +COMPLETED +\\S+Z +${completedBatchId} +1 of 2$`, 'm'));
    expect(stdout).toMatch(/^stuck +batch +STUCK +\S+Z +bat-\S+ +0 of 0 +Stuck: since .*cancel the run/m);
    // Those that are open come first.
    expect(stdout.split('\n').findIndex((line) => line.startsWith('running'))).toBeLessThan(
      stdout.split('\n').findIndex((line) => line.startsWith('completed')),
    );
    expect((await run('progress', 'stuck')).stdout).toMatch(/^ {2}Stuck +nothing has changed since \S+Z\. LlamaCloud/m);
    expect((await run('list', '--limit', '2')).stdout).toContain('There are more runs: give a --limit above 2');
    expect(await list('--limit', '2')).toMatchObject({ hasMore: true, runs: { length: 2 } });
  });

  it('shows a run over many directories, with those of its directories only if it is asked to', async () => {
    const { finish } = cliEnv;
    const directories = ['--directory', 'dir-7', ...parseFlags('dir-9')];
    await run('start', ...directories, '--workflow-id', 'many', '--max-failed-files', '0', '--stuck-after', '2s');
    const children = ['dir-7', 'dir-9'].map((id) => `llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC`);
    await untilListed(['many', 'stuck'], '--stuck');
    await untilListed(['many', 'stuck', ...children], '--stuck', '--children');
    const { stdout } = await run('list', '--stuck');
    expect(stdout).toMatch(/^many +directories +STUCK .*Stuck: since .*Directories: .*`dir-7`/m);
    await Promise.all([finish('dir-7'), finish('dir-9')]);
    const ended = await until('its end', async () =>
      (await list()).runs.find(({ workflowId, state }) => workflowId === 'many' && state === 'COMPLETED'),
    );
    expect(ended).toMatchObject({
      ...{ kind: 'directories', batchId: null, files: { total: 4, failed: 2 } },
      reason: { type: 'Incomplete', message: '2 of 2 directories did not complete' },
    });
  });

  it('needs no worker, but to say why a run is paused or stuck', async () => {
    await cliEnv.worker.stop('SIGKILL');
    const { runs } = await list();
    const find = (id: string) => runs.find(({ workflowId }) => workflowId === id);
    expect(find('failed')).toMatchObject({ state: 'FAILED', reason: { type: 'TooManyFailedFiles' } });
    expect(find('completed')).toMatchObject({ state: 'COMPLETED', files: { completed: 1 } });
    expect(find('paused')).toMatchObject({ state: 'PAUSED', reason: null, files: null });
    expect(find('stuck')).toMatchObject({ state: 'STUCK', reason: null });
  });

  it('says that Temporal can not be reached', async () => {
    const { code, stderr } = await cli(['list', '--address', '127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Temporal can't be reached at 127\.0\.0\.1:1/);
  });
});
