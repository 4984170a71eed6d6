/** What an orchestrator and a log collector get from a worker. */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startHealth } from '../../../../src/cli/worker/health.js';
import { listening } from '../../../llamacloud/support.js';
import { openNamespace, type TestNamespace } from '../../../support/namespace.js';
import { parseInput } from '../../../support/test-environment.js';
import { until } from '../../../support/until.js';
import { deployWorker, untilPolling } from './support.js';

describe('the health of a worker', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  test('is good while it polls; when it is stopped it is not ready, and lets its activities end', async () => {
    const { worker, emulator, batches } = await deployWorker(temporal, {
      LLAMACLOUD_HEALTH_ADDRESS: '127.0.0.1:0',
      // By default LlamaCloud would not respond before the end of the test.
      LLAMACLOUD_SHUTDOWN_GRACE_TIME: '5 minutes',
    });
    const { health = '' } = await untilPolling(worker);
    const ask = async (path: string, method = 'GET') => {
      const response = await fetch(`${health}${path}`, { method });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    };
    expect(await ask('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await ask('/readyz?x=1')).toEqual({ status: 200, body: { status: 'ready' } });
    expect((await ask('/readyz', 'HEAD')).status).toBe(200);
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/healthz', 'POST')).status).toBe(405);

    // An activity that is open when the worker is stopped: its request is answered late.
    emulator.faults.next({ kind: 'delay', delayMs: 30_000, path: /^\/api\/v2\/batches\/bat-/ });
    const { id } = await emulator.addDirectory([{ name: 'a.md', content: '# A' }]);
    const run = await batches.start(parseInput(id));
    await until('the slow request', () =>
      emulator.requests.some(({ path }) => path.startsWith('/api/v2/batches/bat-')),
    );
    const ended = worker.stop('SIGTERM');
    const draining = await until('a worker that is not ready', async () => {
      const asked = await ask('/readyz');
      return asked.status === 503 ? asked : undefined;
    });
    expect(draining.body).toEqual({
      status: 'not ready',
      reason: expect.stringMatching(/^the worker is (STOPPING|DRAINING)$/),
    });
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ended).code).toBe(0);
    // The activity has reported what it found: it was neither cancelled nor lost.
    const { events } = await temporal.client.workflow.getHandle(run.workflowId).fetchHistory();
    const completed = (events ?? []).filter(
      ({ activityTaskCompletedEventAttributes }) => activityTaskCompletedEventAttributes != null,
    );
    expect(completed.length).toBeGreaterThan(1);
    await run.cancel();
  });

  test('is bad before the worker has started, where Temporal does not respond, and where the check fails', async () => {
    const health = await startHealth({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => health.close());
    const ready = async () => {
      const response = await fetch(`${health.url}/readyz`);
      return [response.status, await response.json()];
    };
    expect(await ready()).toEqual([503, { status: 'not ready', reason: 'the worker is starting' }]);
    let checks = 0;
    let answer: (problem: string) => void = () => undefined;
    const answered = new Promise<string>((resolve) => {
      answer = resolve;
    });
    health.setWorker({
      findProblem: () => {
        checks += 1;
        return answered;
      },
    });
    // Three requests in one packet: whoever reaches the port can't make the worker send many requests to Temporal.
    const socket = connect(Number(new URL(health.url ?? '').port), '127.0.0.1');
    onTestFinished(() => {
      socket.destroy();
    });
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    await until('the check', () => checks > 0);
    answer('Temporal does not respond');
    const reason = '{"status":"not ready","reason":"Temporal does not respond"}';
    await until('three responses', () => received.split(reason).length === 4);
    expect(received.match(/^HTTP\/1\.1 503 /gm)).toHaveLength(3);
    expect(checks).toBe(1);
    health.setWorker({ findProblem: () => Promise.reject(new Error('llx-planted')) });
    expect(await ready()).toEqual([503, { status: 'not ready', reason: 'the check failed' }]);
  });

  test('says which variable to change where its port is taken', async () => {
    const taken = createServer();
    const port = Number(new URL(await listening(taken)).port);
    onTestFinished(() => {
      taken.close();
    });
    await expect(startHealth({ host: '127.0.0.1', port })).rejects.toMatchObject({
      message: `Port ${port} is in use`,
      hint: expect.stringContaining('LLAMACLOUD_HEALTH_ADDRESS'),
    });
  });

  test('is served nowhere unless it is asked for', async () => {
    const health = await startHealth(undefined);
    expect(health.url).toBeUndefined();
    await health.close();
  });
});

test('a log in JSON has one document a line, with the run, the batch and the file, and no key', async () => {
  const temporal = await openNamespace();
  const { worker, emulator, batches } = await deployWorker(temporal, {
    LLAMACLOUD_LOG_FORMAT: 'json',
    LLAMACLOUD_LOG_LEVEL: 'debug',
  });
  await untilPolling(worker);
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: '# A' }]);
  // Repeats the key, as an error page may.
  emulator.faults.next({ kind: 'status', status: 500, path: /^\/api\/v2\/parse/, detail: `key ${emulator.apiKey}` });
  const run = await batches.start(parseInput(id));
  const report = await run.result();
  const { code, stderr } = await worker.stop('SIGTERM');
  expect(code).toBe(0);
  const entries = stderr
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  for (const entry of entries) {
    expect(entry).toMatchObject({ time: expect.stringMatching(/^\d{4}-.*Z$/), level: expect.any(String) });
    expect(typeof entry.message).toBe('string');
  }
  const messages = entries.map(({ message }) => message);
  expect(messages).toContain('Stopping…');
  expect(messages).toContainEqual(expect.stringMatching(/^Polling task queue /));
  expect(entries).toContainEqual(
    expect.objectContaining({
      message: 'Workflow completed',
      workflowId: run.workflowId,
      workflowType: 'processBatch',
    }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      level: 'WARN',
      message: 'Activity failed',
      activityType: 'waitForJobs',
      workflowId: run.workflowId,
      error: expect.objectContaining({ type: 'ServiceUnavailable', message: expect.stringContaining('500') }),
    }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ activityType: 'waitForBatch', batchId: report.batchId }));
  expect(entries).toContainEqual(
    expect.objectContaining({ activityType: 'collectJob', batchId: report.batchId, fileId: expect.any(String) }),
  );
  expect(stderr).not.toContain(emulator.apiKey);
  expect(stderr).not.toContain('taskToken');
});
