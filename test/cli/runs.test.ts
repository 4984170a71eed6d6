import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BatchClient, type BatchProgress, type BatchReport } from '../../src/index.js';
import { until } from '../support/until.js';
import { type CliEnvironment, parseFlags, startCliEnvironment } from './cli-environment.js';
import { CliProcess, type CliResult, cliProcess, readJson } from './cli-process.js';

interface Answer {
  readonly ok: boolean;
  readonly workflowId: string;
  readonly runId: string;
  readonly report: BatchReport;
  readonly error: { readonly type: string; readonly message: string; readonly fields?: readonly string[] };
}

let cliEnv: CliEnvironment;
let temporal: CliEnvironment['temporal'];
let emulator: CliEnvironment['emulator'];
let worker: CliEnvironment['worker'];
let output: CliEnvironment['output'];
let env: CliEnvironment['env'];
let run: CliEnvironment['run'];
let batchOf: CliEnvironment['batchOf'];
let finish: CliEnvironment['finish'];

beforeAll(async () => {
  cliEnv = await startCliEnvironment();
  ({ temporal, emulator, worker, output, env, run, batchOf, finish } = cliEnv);
});

afterAll(() => cliEnv?.close());

/** Waits until the run knows its batch and waits for it. */
async function untilWaiting(workflowId: string): Promise<void> {
  const handle = new BatchClient({ client: temporal.client }).attach(workflowId);
  await until('the run to wait for its batch', async () => (await handle.progress()).phase === 'waiting');
}

describe('setup', () => {
  it('registers the search attributes, and leaves them when they are there', async () => {
    expect(readJson(await run('setup', '--json'))).toEqual({
      ok: true,
      namespace: 'default',
      added: [
        'LlamaCloudBatchId',
        'LlamaCloudBatchStatus',
        'LlamaCloudDirectoryId',
        'LlamaCloudJobType',
        'LlamaCloudRunState',
      ],
    });
    expect(await run('setup')).toMatchObject({ code: 0, stdout: expect.stringContaining('already') });
  });
});

describe('start, progress, cancel', () => {
  it('starts a run, shows how far it is, and follows it to its report', async () => {
    const started = await run('start', ...parseFlags('dir-1'), '--namespace', 'default');
    expect(started.code).toBe(0);
    const workflowId = 'llamacloud/dir-1/parse_v2/cfg-PARSE_AGENTIC';
    expect(started.stdout).toContain(`Workflow   ${workflowId}\nRun        `);
    // The hints repeat the flags.
    const follow = `temporal-llamacloud watch ${workflowId} --namespace default`;
    expect(started.stdout).toContain(`\nFollow it: ${follow}\n`);

    const { id } = await batchOf('dir-1');
    await untilWaiting(workflowId);
    const progress = readJson<{ progress: BatchProgress; status: string }>(await run('progress', workflowId, '--json'));
    expect(progress).toMatchObject({ status: 'RUNNING', progress: { batchId: id, phase: 'waiting' } });

    const again = await run('start', ...parseFlags('dir-1'));
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(
      /^error: llamacloud\/dir-1\S* is already running\nhint: .*temporal-llamacloud watch .*--on-conflict/,
    );

    const following = new CliProcess(['start', ...parseFlags('dir-1'), '--on-conflict', 'use-existing', '--wait'], {
      env,
    });
    await following.waitForOutput(/Waiting for LlamaCloud/);
    const watching = run('progress', workflowId, '--watch', '--json');
    await finish('dir-1');
    expect(readJson<Answer>(await watching)).toMatchObject({
      ok: true,
      workflowId,
      report: { files: { total: 2, completed: 1, failed: 1 } },
    });
    const { code, stdout } = await following.end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2 files: 1 completed, 1 failed\./m);
    expect(stdout).toMatch(/^ {2}bad\.pdf {2}.*it is no PDF/m);
    expect(stdout).toContain(
      `\nBatch      ${id} COMPLETED\nDocuments  ${join(output, id)}\nManifest   ${join(output, id)}/`,
    );
  });

  it('processes what is missing of a batch by its id alone', async () => {
    const { id } = await batchOf('dir-1');
    const result = await run('start', '--batch', id, '--only-missing', '--wait', '--json');
    expect(readJson<Answer>(result)).toMatchObject({
      ok: true,
      workflowId: `llamacloud/${id}`,
      report: { batchId: id, directoryId: 'dir-1', files: { total: 2, completed: 1, failed: 1 } },
    });
  });

  it('exits 1 when the run fails, with the failure in words and what there is to report', async () => {
    const waiting = run('start', ...parseFlags('dir-2'), '--max-failed-files', '0', '--wait', '--json');
    await finish('dir-2');
    const result = await waiting;
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('error: the run failed. TooManyFailedFiles: 1 of 2 files');
    expect(readJson<Answer>(result)).toMatchObject({
      ok: false,
      error: { type: 'TooManyFailedFiles' },
      report: { files: { total: 2, failed: 1 } },
    });
  });

  it('says what LlamaCloud rejected', async () => {
    const result = await run('start', ...parseFlags('dir-unknown'), '--wait');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: the run failed\. NotFound: .*dir-unknown.* Check the id/m);
    const { stdout } = await run('progress', 'llamacloud/dir-unknown/parse_v2/cfg-PARSE_AGENTIC');
    expect(stdout).toMatch(/Reason +NotFound: .*dir-unknown/);
  });

  it('says what blocks a run', async () => {
    const blockedBy = (text: string) =>
      until(`${text} to show`, async () =>
        new RegExp(`Blocked by +.*${text}`).test((await run('progress', 'blocked')).stdout),
      );
    const busy = { kind: 'status', status: 429, retryAfter: 1, path: '/api/v2/batches', times: 1_000 } as const;
    emulator.faults.next({ ...busy, detail: 'packing boxes', method: 'GET' });
    onTestFinished(() => emulator.faults.clear());
    const waiting = run('start', ...parseFlags('dir-7'), '--workflow-id', 'blocked', '--wait');
    // An activity of the create is retried.
    await blockedBy('packing boxes');
    emulator.faults.clear();
    emulator.faults.next({ ...busy, detail: 'moving house', method: 'POST' });
    // The create waits before its next attempt.
    await blockedBy('moving house');
    emulator.faults.clear();
    await finish('dir-7');
    const result = await waiting;
    expect(result.code).toBe(0);
    expect(result.stdout + result.stderr).toContain('moving house');
  });

  it('pauses and resumes a run, and changes its number of children, until it has ended', async () => {
    const workflowId = 'to be paused';
    expect(await run('start', ...parseFlags('dir-10'), '--workflow-id', workflowId)).toMatchObject({ code: 0 });
    await untilWaiting(workflowId);
    const paused = await run('pause', workflowId, '--reason', 'an incident', '--json');
    expect(readJson<{ pause: object }>(paused).pause).toMatchObject({ reason: 'an incident' });
    expect((await run('progress', workflowId)).stdout).toMatch(/^ *Paused +since \S+.*: an incident$/m);
    expect(await run('set-max-concurrent-jobs', workflowId, '0')).toMatchObject({ code: 2 });
    expect(await run('set-max-concurrent-jobs', workflowId, '7')).toMatchObject({ code: 0 });
    const resumed = await run('resume', workflowId);
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('Resumed to be paused') });
    expect((await run('progress', workflowId)).stdout).not.toMatch(/^ *Paused/m);
    await run('cancel', workflowId);
    await until('its end', async () => (await run('resume', workflowId)).stderr.includes('has already ended'));
    expect(await run('pause', workflowId)).toMatchObject({ code: 1 });
  });

  it('pauses all runs, says who and why, and resumes them', async () => {
    const paused = await run('account', 'pause', '--reason', 'no credits', '--json');
    expect(readJson<{ pause: object }>(paused).pause).toMatchObject({ reason: 'no credits', replacedLimit: null });
    expect((await run('account', 'status')).stdout).toMatch(/^Task queue llamacloud: paused.* since \S+: no credits$/m);
    expect(await run('start', ...parseFlags('dir-11'), '--workflow-id', 'held up')).toMatchObject({ code: 0 });
    expect((await run('progress', 'held up')).stdout).toMatch(/^ *Blocked by +The account is paused.*: no credits$/m);
    expect((await run('account', 'resume')).stdout).toMatch(/^Resumed task queue llamacloud$/m);
    expect((await run('account', 'resume')).stdout).toMatch(/was not paused/);
    expect((await run('account', 'status')).stdout).toMatch(/^Task queue llamacloud: not paused$/m);
    await finish('dir-11');
    await until('its end', async () => (await run('progress', 'held up')).stdout.startsWith('Completed'));
  });

  it('cancels a run, which stops the batch, and says when there is nothing to cancel', async () => {
    const waiting = run('start', ...parseFlags('dir-3'), '--workflow-id', 'to be cancelled', '--wait', '--json');
    const { id } = await batchOf('dir-3');
    expect(await run('cancel', 'to be cancelled')).toMatchObject({ code: 0 });
    const result = await waiting;
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: the run was cancelled before batch bat-/m);
    expect(readJson<Answer>(result)).toMatchObject({
      error: { type: 'Cancelled', message: expect.stringMatching(/cancelled/i) },
      report: { batchId: id, status: 'CANCELLED' },
    });
    expect(emulator.batches.list().find((one) => one.id === id)?.status).toBe('CANCELLED');

    const again = await run('cancel', 'to be cancelled');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('error: to be cancelled has already ended: CANCELLED');
  });

  it('counts the files of a cancelled run in the same way in every line, pages that were not read included', async () => {
    const batches = new BatchClient({ client: temporal.client });
    const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
    const workflowId = 'cancelled in the middle';
    await batches.start({ directoryId: 'dir-8', job, pageSize: 2, onStop: 'leave' }, { workflowId });
    const { id } = await batchOf('dir-8');
    emulator.batches.finish(id);
    await until('the first page', async () => (await batches.attach(workflowId).progress()).phase === 'processing');
    const waiting = run('progress', workflowId, '--watch');
    await run('cancel', workflowId);
    const { code, stdout } = await waiting;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^5 files: 0 completed, 5 skipped\. /m);
    const after = await run('progress', workflowId);
    expect(after.stdout).toMatch(/^Cancelled: 5 of 5 files, 5 skipped$/m);
    expect(after.stdout).toMatch(/^ {2}Files +5 of 5 files: 0 completed, 5 skipped$/m);
  });

  it('leaves the run alone when the waiting is interrupted', async () => {
    const waiting = new CliProcess(['start', ...parseFlags('dir-4'), '--wait'], { env });
    await waiting.waitForOutput(/Waiting for LlamaCloud/);
    const { code, stderr } = await waiting.stop('SIGINT');
    expect(code).toBe(130);
    expect(stderr).toContain('The run goes on. Follow it: temporal-llamacloud watch llamacloud/dir-4');
    const watching = run('progress', 'llamacloud/dir-4/parse_v2/cfg-PARSE_AGENTIC', '--watch');
    await finish('dir-4');
    expect(await watching).toMatchObject({ code: 0 });
  });

  it('says that there is no such run', async () => {
    for (const command of ['progress', 'cancel']) {
      const { code, stderr } = await run(command, 'nobody');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: There is no workflow nobody in namespace default\nhint: /);
    }
  });

  it('says that the workflow is not one of this package', async () => {
    await temporal.client.workflow.start('sendInvoices', { workflowId: 'other', taskQueue: 'deserted' });
    for (const command of ['progress', 'cancel']) {
      const { code, stderr } = await run(command, 'other');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^error: other is a sendInvoices workflow, not a run of a batch, of directories or of a corpus\nhint: /,
      );
    }
  });

  it('says that no worker answers', async () => {
    const queue = ['--task-queue', 'deserted'];
    const { workflowId } = readJson<Answer>(await run('start', ...parseFlags('dir-5'), ...queue, '--json'));
    const { code, stderr } = await run('progress', workflowId, ...queue);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: No worker of task queue deserted answered in time\. Check that one is running, and not overloaded\.\nhint: .*temporal-llamacloud worker --task-queue deserted/,
    );
  });
});

describe('in a namespace that does not exist', () => {
  const NOPE = ['--namespace', 'nope'];

  it.each([['start', ...parseFlags('dir-1')], ['progress', 'some-run'], ['schedule', 'list'], ['setup']])(
    '%s says so, and how to create it',
    async (...args) => expectMissingNamespace(await run(...args, ...NOPE)),
  );

  it('worker says so, and how to create it', async () => {
    const workerEnv = { LLAMA_CLOUD_API_KEY: emulator.apiKey, LLAMACLOUD_OUTPUT: output };
    expectMissingNamespace(await cliProcess(['worker', ...NOPE], { env: { ...env, ...workerEnv } }));
  });

  function expectMissingNamespace({ code, stderr }: CliResult) {
    expect(code).toBe(1);
    expect(stderr).toContain(
      `error: Namespace nope does not exist on the Temporal server at ${temporal.address}\nhint: `,
    );
    expect(stderr).toContain(`temporal operator namespace create --namespace nope --address ${temporal.address}`);
  }
});

describe('a run that has ended', () => {
  it('is shown as failed when it was terminated, not in the phase that it was in', async () => {
    const { workflowId } = readJson<Answer>(await run('start', ...parseFlags('dir-9'), '--json'));
    const { id } = await batchOf('dir-9');
    await untilWaiting(workflowId);
    await temporal.client.workflow.getHandle(workflowId).terminate();
    const { code, stdout } = await run('progress', workflowId);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Failed$/m);
    expect(stdout).toMatch(/^ {2}Run +TERMINATED, started /m);
    expect(stdout).toMatch(/^ {2}Reason +Terminated: the run was terminated$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}Batch +${id}$`, 'm'));
    expect(stdout).toMatch(/^ {2}Status +(PENDING|RUNNING) when the run ended$/m);
    expect(stdout).toMatch(/^ {2}Files +none$/m);
    emulator.batches.finish(id);
  });
});

describe('worker', () => {
  it('stops well on SIGTERM', async () => {
    const { code, stderr } = await worker.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stderr).toContain('Stopping…');
    expect(worker.stdout + stderr).not.toContain(emulator.apiKey);
  });

  it('is not needed for the progress of a run that has ended', async () => {
    const workflowId = 'llamacloud/dir-1/parse_v2/cfg-PARSE_AGENTIC';
    const { code, stdout } = await run('progress', workflowId);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Completed: 2 of 2 files, 1 failed$/m);
    expect(stdout).toMatch(/^ {2}Run +COMPLETED$/m);
    expect(stdout).toMatch(/^ {2}Files +2 of 2 files: 1 completed, 1 failed$/m);
    expect(stdout).toMatch(/^ {2}Failed +bad\.pdf: /m);
  });
});
