import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Fault,
  startTimeSkippingTemporal,
  TARGETS,
  type TimeSkippingTemporal,
} from '../../../src/testing/index.js';
import { newDirectory } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

const MINUTE_MS = 60_000;

/** Temporal suggests to continue as new from 4,096 events on. */
const EVENTS_FOR_EACH_POST = 30;

describe('a create while LlamaCloud is down, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  // A server for each test: it stops skipping time if an activity is cancelled during an attempt, and the tests after that would wait in real time.
  beforeEach(async () => {
    temporal = await startTimeSkippingTemporal();
    env = await startTestEnvironment(temporal);
  });

  afterEach(async () => {
    await env?.close();
    await temporal?.close();
  });

  test('adds few events for each POST, and none for each retry of the list', async () => {
    const directory = await newDirectory(env);
    const { faults } = env.emulator;
    const failures = 3;
    faults.next({ kind: 'status', status: 503, ...TARGETS.createBatch, times: failures });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 5 });
    const { batchId } = await run.result();
    expect(directory.posts()).toHaveLength(failures + 1);
    expect(directory.batches().map(({ id }) => id)).toEqual([batchId]);
    expect(faults.planned).toBe(0);
    const events = (await env.history(directory.lockId)).length;
    expect(events).toBeLessThan(EVENTS_FOR_EACH_POST * failures);
  });

  test('is not sent a fourth time where the list shows none of the batches that three POSTs created', async () => {
    const directory = await newDirectory(env);
    const isHidden = (item: unknown) => directory.batches().some(({ id }) => id === Object(item).id);
    const show = env.emulator.rewrite(TARGETS.listBatches, (body) => ({
      ...Object(body),
      items: Array.from(Object(body).items).filter((item) => !isHidden(item)),
    }));
    const CREATES_NOTHING: Fault[] = [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429 },
    ];
    const CREATES: Fault[] = [
      { kind: 'wrong-json' },
      { kind: 'reset-after' },
      { kind: 'error-after', status: 504 },
      { kind: 'error-after', status: 504 },
    ];
    for (const fault of [...CREATES_NOTHING, ...CREATES])
      env.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    const failure = await failureOf(run.result());
    show();
    env.emulator.faults.clear();
    expect(failure).toMatchObject({ type: 'CreateOutcomeUnknown' });
    expect(await env.details(directory.lockId)).toMatch(
      /^The workflow ended without its batch: `CreateOutcomeUnknown`/,
    );
    expect(failure.message).toContain(`3 POSTs may each have created a batch over directory ${directory.directoryId}`);
    expect(directory.batches()).toHaveLength(3);
  });

  test('fails at once, and looks for no batch, where LlamaCloud rejects a POST and no earlier one can have created one', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 429, retryAfter: 1, ...TARGETS.createBatch });
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    // What may be listed between the two POSTs is listed before the second one.
    await directory.untilPosted(2);
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.listBatches, times: 1_000 });
    expect(await failureOf(run.result())).toMatchObject({ type: 'RequestRejected' });
    env.emulator.faults.clear();
    const listed = (await env.history(directory.lockId)).filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'findCreatedBatch',
    );
    expect(listed).toHaveLength(1);
  });

  test('ends with its run, whose failure says that a batch may be there', async () => {
    const directory = await newDirectory(env);
    const { faults } = env.emulator;
    faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await env.batches.start({ ...parseInput(directory.directoryId), timeout: '10 minutes' });
    await directory.untilPosted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 1_000 });
    const failure = await failureOf(run.result());
    faults.clear();
    expect(failure).toMatchObject({ type: 'ServiceUnavailable' });
    expect(failure.message).toContain(`a batch over directory ${directory.directoryId} may be running`);
    expect(directory.posts()).toHaveLength(1);
  });

  test('releases its lock after three minutes when the list does not respond', async () => {
    const directory = await newDirectory(env);
    // Responds as usual before the batch exists, and with another body afterwards.
    const restore = env.emulator.rewrite(TARGETS.listBatches, (body) =>
      directory.batches().length === 0 ? body : 'Bad Gateway',
    );
    const run = await env.batches.start(parseInput(directory.directoryId));
    const report = await run.result();
    restore();
    expect(report.status).toBe('COMPLETED');
    expect(directory.batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(directory.posts()).toHaveLength(1);
    const events = await env.history(directory.lockId);
    const listed = events.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'waitUntilListed',
    );
    const atMs = (event: (typeof events)[number] | undefined) => Number(event?.eventTime?.seconds) * 1_000;
    const heldMs = atMs(events.at(-1)) - atMs(listed);
    expect(heldMs).toBeGreaterThan(2 * MINUTE_MS);
    expect(heldMs).toBeLessThan(4 * MINUTE_MS);
  });

  // Some thousand workflow tasks: 45 s of a machine that does nothing else.
  test('is waited for, for days, by a run that continues as new', { timeout: 1_800_000 }, async () => {
    const { directoryId, lockId, batches } = await newDirectory(env);
    const occupant = await env.client.workflow.start('holdDocument', { workflowId: lockId, taskQueue: env.taskQueue });
    const run = await env.batches.start({ ...parseInput(directoryId), timeout: '30 days' });
    const latest = async () => (await env.client.workflow.getHandle(run.workflowId).describe()).runId;
    while ((await latest()) === run.runId) await temporal.env.sleep('2 hours');
    expect((await env.history(run.workflowId, run.runId)).length).toBeLessThan(5_000);
    expect(await run.progress()).toMatchObject({ phase: 'creating', directoryId });
    await occupant.signal('release');
    const { batchId } = await run.result();
    expect(batches().map(({ id }) => id)).toEqual([batchId]);
  });
});
