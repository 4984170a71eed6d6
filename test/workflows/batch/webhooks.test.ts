import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerSearchAttributes, WebhookReceiver } from '../../../src/index.js';
import { readRunHeader } from '../../../src/webhooks/run-header.js';
import { startWebhookServer, type WebhookServer } from '../../../src/webhooks/server.js';
import { decodePayloads } from '../../support/decode-payloads.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { createDelivery, SECRET } from '../../webhooks/support.js';

/** Longer than the test may take: what happens before is not due to a poll. */
const NO_POLLS = { poll: { initialInterval: '1 hour' } } as const;

describe('a run whose polls are an hour apart', () => {
  let env: TestEnvironment;
  let receiver: WebhookReceiver;
  let server: WebhookServer;

  beforeAll(async () => {
    const temporal = await openNamespace();
    await registerSearchAttributes(temporal.client.connection, temporal.namespace);
    receiver = new WebhookReceiver({ client: temporal.client, secrets: [SECRET] });
    const onError = (error: unknown) => {
      throw error;
    };
    server = await startWebhookServer(receiver.handle, { host: '127.0.0.1', port: 0, onError });
    env = await startTestEnvironment(temporal, {
      // Nothing ends before the test says so.
      emulator: { batchRunningMs: 3_600_000, webhookDoubledShare: 1, webhookSpreadMs: 300 },
      webhook: { url: `${server.url}/hooks?tenant=planted-0123456789`, secret: SECRET },
    });
  });

  afterAll(async () => {
    await env?.close();
    await server?.close();
  });

  /** Starts a run, and waits until it waits for its batch and its job has ended. */
  async function startWaitingRun(poll: object, batchOfRun?: string) {
    const { id } = await env.emulator.addDirectory(files(1));
    const input = batchOfRun === undefined ? parseInput(id) : { batchId: batchOfRun };
    const run = await env.batches.start({ ...input, ...poll });
    await until('the wait for the batch', async () => {
      const { phase, batchStatus } = await run.progress();
      return phase === 'waiting' && batchStatus === 'RUNNING';
    });
    const batchId = batchOfRun ?? (await env.untilCreated(id)).id;
    await until('the job', () =>
      env.emulator.jobs.list().find((job) => job.batchId === batchId && job.status === 'COMPLETED'),
    );
    return { run, batchId };
  }

  test('ends soon after its batch, because of a delivery that comes twice and in any order', async () => {
    const { run, batchId } = await startWaitingRun(NO_POLLS);
    const before = receiver.counts;
    env.emulator.batches.finish(batchId);
    expect((await run.result()).files).toMatchObject({ total: 1, completed: 1 });
    await until('the second copy', () => receiver.counts.replayed > before.replayed);
    expect(receiver.counts.forged).toBe(0);
    expect(namedRun(batchId)).toBe(run.workflowId);

    // The workflow id is in the history, and neither the URL nor the secret.
    const kept = JSON.stringify(await readHistories(batchId));
    expect(kept).toContain('runWorkflowId');
    expect(kept).not.toContain(SECRET);
    expect(kept).not.toContain('planted-0123456789');
  });

  test('that has adopted its batch is found by the batch id', async () => {
    const { run: first, batchId } = await startWaitingRun(NO_POLLS);
    await env.client.workflow.getHandle(first.workflowId).terminate();
    const { run } = await startWaitingRun(NO_POLLS, batchId);
    await until('the search attribute', async () => {
      const query = `LlamaCloudBatchId = '${batchId}' AND ExecutionStatus = 'Running'`;
      for await (const { workflowId } of env.client.workflow.list({ query })) return workflowId === run.workflowId;
      return false;
    });
    env.emulator.batches.finish(batchId);
    expect((await run.result()).files).toMatchObject({ total: 1, completed: 1 });
  });

  test('polls nothing because of a delivery that is forged, unsigned, old, or was taken before', async () => {
    // Only what the test sends arrives.
    env.emulator.configure({ webhookLostShare: 1 });
    const { run, batchId } = await startWaitingRun(NO_POLLS);
    const { workflowId } = run;
    const post = async (delivery: Parameters<typeof createDelivery>[0]) => {
      const response = await fetch(server.url, { method: 'POST', ...createDelivery({ workflowId, ...delivery }) });
      await response.body?.cancel();
      return response.status;
    };
    const polls = () => env.emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batchId}`).length;
    const before = polls();
    const statuses = [
      await post({ secret: 'whsec-of-somebody-else' }),
      await post({ signature: null }),
      await post({ ageSeconds: 3_600 }),
      await post({ body: 'x'.repeat(1_000_000) }),
    ];
    expect(statuses).toEqual([401, 401, 401, 413]);
    // A genuine one comes after them: had one of them woken the run, there would be more signals and polls.
    expect([await post({ eventId: batchId }), await post({ eventId: batchId })]).toEqual([202, 200]);
    await until('the poll', () => polls() > before);
    await receiver.idle();
    const events = await env.history(workflowId);
    const signals = events.filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal != null);
    expect(signals).toHaveLength(1);
    expect(polls()).toBe(before + 1);
    await run.cancel();
    await run.report();
    env.emulator.configure({ webhookLostShare: 0 });
  });

  test('ends also if its delivery is lost, when its next poll is due', async () => {
    env.emulator.configure({ webhookLostShare: 1 });
    const woken = receiver.counts;
    const { run, batchId } = await startWaitingRun({ poll: { initialInterval: '5 seconds', latencyRatio: 0 } });
    env.emulator.batches.finish(batchId);
    expect((await run.result()).files).toMatchObject({ total: 1, completed: 1 });
    expect(receiver.counts).toEqual(woken);
    env.emulator.configure({ webhookLostShare: 0 });
  });

  /** The run that the webhook of the batch names. */
  function namedRun(batchId: string): string | undefined {
    const created = env.emulator.batches.list().findIndex(({ id }) => id === batchId);
    const posts = env.emulator.requests.filter(({ method, path }) => method === 'POST' && path === '/api/v2/batches');
    const [, header = ''] = /"Temporal-LlamaCloud-Run":"([^"]+)"/.exec(JSON.stringify(posts[created]?.body)) ?? [];
    return readRunHeader(header, [SECRET]);
  }

  async function readHistories(batchId: string): Promise<unknown[]> {
    const histories: unknown[] = [];
    for await (const { workflowId, runId } of env.client.workflow.list()) {
      const { raw } = await env.client.workflow.getHandle(workflowId, runId).describe();
      histories.push(decodePayloads(await env.history(workflowId, runId)), decodePayloads(raw));
    }
    expect(JSON.stringify(histories)).toContain(batchId);
    return histories;
  }
});
