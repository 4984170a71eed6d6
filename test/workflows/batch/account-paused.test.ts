import { afterEach, describe, expect, test } from 'vitest';
import { isFailure, LlamaCloudClient } from '../../../src/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { failureOf } from '../../support/failure.js';
import { clearLogged, readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import {
  files,
  parseInput,
  startTestEnvironment,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;
const MANY = 100_000;

/** One second between two tests of the account. */
const QUICK_PROBES = { minProbeIntervalMs: 1_000, maxProbeIntervalMs: 1_000 };
const NO_PROBES = { minProbeIntervalMs: HOUR, maxProbeIntervalMs: HOUR };
const QUICK_POLLS = { poll: { initialInterval: 1_000, maximumInterval: 1_000 } };

describe('runs of one worker while LlamaCloud refuses the requests of their account', () => {
  let env: TestEnvironment;

  afterEach(() => env?.close());

  async function start(options: TestEnvironmentOptions) {
    // Of its own: the directories of all emulators have the same ids.
    env = await startTestEnvironment(await openNamespace(), options);
    clearLogged();
  }

  async function startRun(options: object = {}) {
    const { id } = await env.emulator.addDirectory(files(2));
    return { id, run: await env.batches.start({ ...parseInput(id), ...QUICK_POLLS, ...options }) };
  }

  const posts = () =>
    env.emulator.requests.filter(({ method, path }) => method === 'POST' && path === '/api/v2/batches');
  const batchesOver = (id: string) => env.emulator.batches.list().filter(({ directoryId }) => directoryId === id);
  const pauses = () => readLogged().filter((line) => line.includes('The account is paused.'));
  const resumptions = () => readLogged().filter((line) => line.includes('all runs go on'));

  test('402 to a create: two runs wait for credits, say so, add nothing to history, and go on by themselves, with one batch each', async () => {
    await start({ accountGate: QUICK_PROBES, emulator: { batchRunningMs: HOUR } });
    const third = await startRun();
    const { id: openBatch } = await env.untilCreated(third.id);
    const postsBefore = posts().length;
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch, times: MANY });
    const runs = [await startRun(), await startRun()];
    for (const { run } of runs) {
      const progress = await until('the run to be blocked', async () => {
        const now = await run.progress();
        return now.blockedBy?.includes('The next request tests it at') && now;
      });
      expect(progress.phase).toBe('creating');
      expect(progress.blockedBy).toMatch(
        /No batch is created by any run of this worker since .*LlamaCloud returned 402/,
      );
    }
    const eventCount = async () => {
      let count = 0;
      for (const { id } of runs)
        count += (await env.history(`llamacloud-create/${id}/parse_v2/cfg-PARSE_AGENTIC`)).length;
      return count;
    };
    const [refused, before] = [posts().length, await eventCount()];
    // What is paid for is collected meanwhile.
    env.emulator.batches.finish(openBatch);
    expect((await third.run.result()).files).toMatchObject({ completed: 2 });
    await until('more tests of the account', () => posts().length >= refused + 3);
    // A POST, and the look for its batch, are a dozen and a half events. They are sent once a second by one run or the other.
    const tests = posts().length - refused;
    expect((await eventCount()) - before).toBeLessThan(25 * (tests + 2));
    expect(pauses()).toHaveLength(1);
    env.emulator.faults.clear();
    for (const { id, run } of runs) {
      const batch = await env.untilCreated(id);
      env.emulator.batches.finish(batch.id);
      expect((await run.result()).files).toMatchObject({ total: 2, completed: 2 });
      expect(batchesOver(id)).toHaveLength(1);
    }
    expect(posts().filter(({ status }) => status !== 402)).toHaveLength(postsBefore + 2);
    expect(resumptions()).toHaveLength(1);
  });

  test('a run that has waited for credits takes no batch that somebody else has created meanwhile', async () => {
    await start({ accountGate: { minProbeIntervalMs: 5_000, maxProbeIntervalMs: 5_000 } });
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch });
    const { id, run } = await startRun();
    await until('the POST to be refused', () => posts().length === 1);
    const others = new LlamaCloudClient({ apiKey: env.emulator.apiKey, baseUrl: env.emulator.url });
    const { job } = parseInput(id);
    const other = await others.createBatch({ sourceDirectoryId: id, job });
    const report = await run.result();
    expect(report.batchId).not.toBe(other.id);
    expect(batchesOver(id)).toHaveLength(2);
  });

  test('401 to a key that has worked: two runs that wait for their batches send one request at a time, and go on with a key that works', async () => {
    await start({ accountGate: QUICK_PROBES, emulator: { batchRunningMs: HOUR } });
    const runs = [await startRun(), await startRun()];
    for (const { id } of runs) await env.untilCreated(id);
    await until(
      'both to poll',
      () => env.emulator.requests.filter(({ path }) => /batches\/bat-/.test(path)).length > 2,
    );
    env.emulator.faults.next({ kind: 'status', status: 401, method: 'GET', times: MANY });
    for (const { run } of runs)
      await until('the run to be blocked', async () =>
        /No request is sent .*401/.test((await run.progress()).blockedBy ?? ''),
      );
    const rejected = () => env.emulator.requests.filter(({ status }) => status === 401);
    const before = rejected().length;
    await until('tests of the key', () => rejected().length >= before + 4);
    // By both runs together.
    const times = rejected()
      .slice(before)
      .map(({ atMs }) => atMs);
    for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] ?? 0)).toBeGreaterThan(900);
    env.emulator.faults.clear();
    for (const { id, run } of runs) {
      env.emulator.batches.finish((await env.untilCreated(id)).id);
      expect((await run.result()).files).toMatchObject({ completed: 2 });
    }
    expect([pauses().length, resumptions().length]).toEqual([1, 1]);
  });

  test('5xx for long: two runs stop polling, and go on when LlamaCloud is back', async () => {
    const accountGate = { ...QUICK_PROBES, outageMs: 1_000, minFailures: 3 };
    await start({ accountGate, emulator: { batchRunningMs: HOUR } });
    const runs = [await startRun(), await startRun()];
    for (const { id } of runs) await env.untilCreated(id);
    env.emulator.faults.next({ kind: 'status', status: 503, times: MANY });
    await until('the pause', () => pauses().length > 0);
    expect(pauses()[0]).toMatch(/requests failed in .* none succeeded.* 503/);
    env.emulator.faults.clear();
    for (const { id, run } of runs) {
      env.emulator.batches.finish((await env.untilCreated(id)).id);
      expect((await run.result()).files).toMatchObject({ completed: 2 });
    }
    expect([pauses().length, resumptions().length]).toEqual([1, 1]);
  });

  test('a run that is cancelled meanwhile cancels its batch at once', async () => {
    await start({ accountGate: NO_PROBES, emulator: { batchRunningMs: HOUR, batchCancelMs: 0 } });
    const { id, run } = await startRun();
    const batch = await env.untilCreated(id);
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.getBatch });
    await until('the pause', () => pauses().length > 0);
    await run.cancel();
    await until('the cancel', () => batchesOver(id)[0]?.status === 'CANCELLED');
    expect(env.emulator.requests.some(({ path }) => path === `/api/v2/batches/${batch.id}/cancel`)).toBe(true);
    expect(resumptions()).toEqual([]);
    await env.client.workflow.getHandle(run.workflowId).terminate();
  });

  test('a run that is cancelled while its create waits ends without a batch', async () => {
    await start({ accountGate: NO_PROBES });
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch });
    const { id, run } = await startRun();
    await until('the run to be blocked', async () =>
      (await run.progress()).blockedBy?.includes('The next request tests it'),
    );
    await run.cancel();
    expect(await failureOf(run.result())).toMatchObject({ name: 'CancelledFailure' });
    expect([posts().length, batchesOver(id).length]).toEqual([1, 0]);
  });

  test('a batch whose response was lost is found and cancelled when its run is cancelled meanwhile', async () => {
    await start({
      accountGate: { ...NO_PROBES, outageMs: 0, minFailures: 1 },
      emulator: { batchRunningMs: HOUR, batchCancelMs: 0 },
    });
    // The lost response is the outage.
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const { id, run } = await startRun();
    await until('the run to be blocked', async () =>
      (await run.progress()).blockedBy?.includes('The next request tests it'),
    );
    expect(batchesOver(id)[0]?.status).not.toBe('CANCELLED');
    await run.cancel();
    await until('the cancel', () => batchesOver(id)[0]?.status === 'CANCELLED');
    expect(posts()).toHaveLength(1);
    await env.client.workflow.getHandle(run.workflowId).terminate();
  });

  test('a run whose timeout passes meanwhile fails as it does without a pause', async () => {
    await start({ accountGate: NO_PROBES });
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch });
    const { run } = await startRun({ timeout: '8 seconds' });
    expect(isFailure(await failureOf(run.result()), 'BatchTimedOut')).toBe(true);
    expect(posts()).toHaveLength(1);
  });

  test('a key that has never worked fails the run at once', async () => {
    await start({ accountGate: NO_PROBES });
    env.emulator.faults.next({ kind: 'status', status: 401, times: MANY });
    const { run } = await startRun();
    expect(isFailure(await failureOf(run.result()), 'NotAuthorized')).toBe(true);
    expect(pauses()).toEqual([]);
  });
});
