import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { BatchClient, type BatchProgress, type BatchReport } from '../../src/index.js';
import { startLocalTemporal } from '../../src/testing/index.js';
import { until } from '../support/until.js';
import { type CliEnvironment, parseFlags, startCliEnvironment } from './cli-environment.js';
import { CliProcess, TextOutput } from './cli-process.js';

interface Change {
  readonly ok: boolean;
  readonly workflowId: string;
  readonly progress?: BatchProgress;
  readonly blockedBy?: string | null;
  readonly filesPerMinute?: number | null;
  readonly secondsLeft?: number | null;
  readonly report?: BatchReport;
  readonly error?: { readonly type: string };
}

describe('watch', () => {
  let cliEnv: CliEnvironment;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-watch-'));
    // It is restarted with what it had.
    cliEnv = await startCliEnvironment({ dbFilename: join(folder, 'temporal.db') });
  });

  afterAll(async () => {
    await cliEnv?.close();
    await rm(folder, { recursive: true });
  });

  async function start(workflowId: string, directory: string, ...flags: string[]) {
    const { code } = await cliEnv.run('start', ...parseFlags(directory), '--workflow-id', workflowId, ...flags);
    expect(code).toBe(0);
    await cliEnv.batchOf(directory);
    const handle = new BatchClient({ client: cliEnv.temporal.client }).attach(workflowId);
    await until('the run to wait', async () => (await handle.progress()).phase === 'waiting');
  }

  /** Waits until the list shows these runs as open, and no others. */
  const untilOpen = (...workflowIds: string[]) =>
    until(`${workflowIds.join(', ')} to be open`, async () => {
      const { stdout } = await cliEnv.run('list', '--running', '--json');
      const { runs }: { runs: { workflowId: string }[] } = JSON.parse(stdout);
      return (
        runs
          .map(({ workflowId }) => workflowId)
          .sort()
          .join() === [...workflowIds].sort().join()
      );
    });

  const readLines = (stdout: string): Change[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line): Change => JSON.parse(line));

  it('says that no run is open, or that there is no such run', async () => {
    expect(await cliEnv.run('watch')).toMatchObject({
      ...{ code: 0, stdout: 'There are no open runs in namespace default\n' },
    });
    const { code, stderr } = await cliEnv.run('watch', 'nobody');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: There is no workflow nobody in namespace default/);
  });

  it('shows the progress of a run, its failures and its report, and exits as start --wait does', async () => {
    await start('good', 'dir-1', '--stuck-after', '1s');
    const watching = new CliProcess(['watch', 'good'], { env: cliEnv.env });
    await watching.waitForOutput(/^ {2}Stuck: nothing has changed since \S+Z\. LlamaCloud has not changed the status/m);
    await cliEnv.finish('dir-1');
    const { code, stdout } = await watching.end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Workflow {3}good\n/);
    expect(stdout).toMatch(/^ {2}(Stuck: )?Waiting for LlamaCloud: RUNNING/m);
    expect(stdout).toMatch(/^ {2}Completed: 2 of 2 files, 1 failed$/m);
    expect(stdout).toMatch(/^2 files: 1 completed, 1 failed\. /m);

    await start('bad', 'dir-2', '--max-failed-files', '0');
    const failing = cliEnv.run('watch', 'bad');
    await cliEnv.finish('dir-2');
    const failed = await failing;
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^error: the run failed\. TooManyFailedFiles: 1 of 2 files/);
    // A run that has ended is shown as it has ended.
    expect(await cliEnv.run('watch', 'bad')).toMatchObject({ code: 1 });
  });

  it('with --json prints an object for each change, and the report as the last', async () => {
    await start('in json', 'dir-3');
    const watching = new CliProcess(['watch', 'in json', '--json'], { env: cliEnv.env });
    await watching.waitForOutput(/"phase":"waiting"/);
    const { id } = await cliEnv.batchOf('dir-3');
    cliEnv.emulator.batches.finish(id);
    await watching.waitForOutput(/"phase":"processing"/);
    cliEnv.emulator.batches.finishJobs(id);
    const { code, stdout } = await watching.end();
    expect(code).toBe(0);
    const changes = readLines(stdout);
    expect(changes.every(({ ok, workflowId }) => ok && workflowId === 'in json')).toBe(true);
    expect(changes[0]).toMatchObject({ blockedBy: null, filesPerMinute: null, secondsLeft: null });
    expect(changes.at(-1)).toMatchObject({ report: { batchId: id, files: { total: 2, completed: 1, failed: 1 } } });
    const shown = changes.slice(0, -1).map(({ progress, blockedBy }) => JSON.stringify([progress, blockedBy]));
    expect(shown.filter((change, index) => change === shown[index - 1])).toEqual([]);
  });

  it('without an id follows all that are open, and exits 1 when one of them fails', async () => {
    await start('first', 'dir-4');
    await start('second', 'dir-5', '--max-failed-files', '0');
    await untilOpen('first', 'second');
    const watching = new CliProcess(['watch'], { env: cliEnv.env });
    await watching.waitForOutput(/^first: Waiting for LlamaCloud/m);
    await watching.waitForOutput(/^second: Waiting for LlamaCloud/m);
    const inJson = new CliProcess(['watch', '--json'], { env: cliEnv.env });
    for (const id of ['first', 'second']) await inJson.waitForOutput(new RegExp(`"workflowId":"${id}"`));
    const terminal = new TextOutput(true);
    const drawing = runCli(['watch'], { stdout: terminal, stderr: terminal, env: cliEnv.env });
    await until('a bar', () => /first +[█░]{10} {2}Waiting/.test(terminal.text));
    await Promise.all([cliEnv.finish('dir-4'), cliEnv.finish('dir-5')]);
    const { code, stdout } = await watching.end();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^first: Completed\. 2 files: 1 completed, 1 failed\. /m);
    expect(stdout).toMatch(/^second: error: the run failed\. TooManyFailedFiles: 1 of 2 files/m);
    expect(await drawing).toBe(1);
    expect(terminal.text).toContain('second: error: the run failed.');
    const json = await inJson.end();
    expect(json.code).toBe(1);
    expect(readLines(json.stdout).filter(({ report, error }) => report !== undefined || error !== undefined)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ok: true, workflowId: 'first', report: expect.anything() }),
        expect.objectContaining({ ok: false, workflowId: 'second', error: expect.anything() }),
      ]),
    );
  });

  it('leaves the runs alone when it is interrupted', async () => {
    await start('left', 'dir-6');
    await untilOpen('left');
    const watching = new CliProcess(['watch'], { env: cliEnv.env });
    await watching.waitForOutput(/^left: Waiting for LlamaCloud/m);
    expect(await watching.stop('SIGINT')).toMatchObject({ code: 130, stderr: 'The runs go on.\n' });
    await untilOpen('left');
    await cliEnv.finish('dir-6');
    expect(await cliEnv.run('watch', 'left')).toMatchObject({ code: 0 });
  });

  it('says once that Temporal can not be reached, and goes on when it is back', async () => {
    await start('cut off', 'dir-7');
    const watching = ['cut off', undefined].map(
      (id) => new CliProcess(['watch', ...(id === undefined ? [] : [id])], { env: cliEnv.env }),
    );
    for (const each of watching) await each.waitForOutput(/Waiting for LlamaCloud/);
    const port = Number(cliEnv.temporal.address.split(':')[1]);
    await cliEnv.temporal.close();
    const away = /Temporal can't be reached at \S+\. The run is not affected/;
    for (const each of watching) await each.waitForOutput(away);
    const again = await startLocalTemporal({ port, dbFilename: join(folder, 'temporal.db') });
    onTestFinished(() => again.close());
    for (const each of watching) {
      const { index } = await each.waitForOutput(/Temporal answers again/);
      expect(each.stdout.slice(0, index).match(new RegExp(away, 'g'))).toHaveLength(1);
    }
    await cliEnv.finish('dir-7');
    for (const each of watching) {
      const { code, stdout } = await each.end();
      expect(code).toBe(0);
      expect(stdout).toMatch(/2 files: 1 completed, 1 failed\. /);
    }
  });
});
