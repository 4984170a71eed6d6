import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { call, createRequest, eventually, startEmulator } from './helpers.js';

interface Delivery {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly raw: string;
  readonly event: {
    readonly event_id: string;
    readonly event_type: string;
    readonly timestamp: number;
    readonly data: { readonly id: string; readonly status: string };
  };
}

/** An endpoint that records its deliveries and answers 500 to the first `failures` of them. */
async function startReceiver(failures = 0): Promise<{ url: string; deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      deliveries.push({ headers: request.headers, raw, event: JSON.parse(raw) });
      response.writeHead(deliveries.length <= failures ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/hook`, deliveries };
}

async function createWith(emulator: LlamaCloudEmulator, endpoint: Record<string, unknown>) {
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
  const body = { ...createRequest(id), webhook_configurations: [{ webhook_output_format: 'json', ...endpoint }] };
  return await call(emulator, '/api/v2/batches', { method: 'POST', body });
}

const eventTypes = (deliveries: readonly Delivery[]) => deliveries.map(({ event }) => event.event_type).toSorted();

describe('a webhook', () => {
  it('reports pending, running and success, with a signature of the raw body and the requested headers', async () => {
    const emulator = await startEmulator({ batchPendingMs: 50, batchRunningMs: 50 });
    const { url, deliveries } = await startReceiver();
    const { body } = await createWith(emulator, {
      webhook_url: url,
      webhook_headers: { 'x-team': 'lamps' },
      webhook_signing_secret: 'whsec_test',
    });
    await eventually(() => eventTypes(deliveries)).toEqual(['batch.pending', 'batch.running', 'batch.success']);
    for (const { headers, raw, event } of deliveries) {
      const digest = createHmac('sha256', 'whsec_test').update(raw).digest('hex');
      expect(headers['lc-signature']).toBe(`sha256=${digest}`);
      expect(headers['x-team']).toBe('lamps');
      expect(event.data.id).toBe(body.id);
      expect(headers).toMatchObject({
        'x-webhook-event-id': event.event_id,
        'x-webhook-event-type': event.event_type,
      });
      expect(Math.abs(Date.now() - event.timestamp * 1_000)).toBeLessThan(60_000);
    }
    expect(new Set(deliveries.map(({ event }) => event.event_id)).size).toBe(3);
  });

  it('is JSON in a string of JSON if no format is asked for', async () => {
    const emulator = await startEmulator();
    const { url, deliveries } = await startReceiver();
    await createWith(emulator, { webhook_url: url, webhook_output_format: null });
    await eventually(() => deliveries.length).toBe(1);
    expect(JSON.parse(JSON.parse(deliveries[0]?.raw ?? ''))).toMatchObject({ event_type: 'batch.success' });
  });

  it('reports every status, however short', async () => {
    const emulator = await startEmulator({ batchPendingMs: 1, batchRunningMs: 1 });
    const { url, deliveries } = await startReceiver();
    await createWith(emulator, { webhook_url: url });
    await eventually(() => eventTypes(deliveries)).toEqual(['batch.pending', 'batch.running', 'batch.success']);
  });

  it('reports only the requested events, without a signature if there is no secret', async () => {
    const emulator = await startEmulator({ batchPendingMs: 30, batchRunningMs: 30 });
    const { url, deliveries } = await startReceiver();
    await createWith(emulator, { webhook_url: url, webhook_events: ['batch.success', 'parse.success'] });
    await eventually(() => eventTypes(deliveries)).toEqual(['batch.success']);
    expect(deliveries[0]?.headers['lc-signature']).toBeUndefined();
    expect(deliveries[0]?.event.data.status).toBe('COMPLETED');
  });

  it('reports a cancellation, and a status that a test sets', async () => {
    const emulator = await startEmulator({ batchPendingMs: 60_000, batchCancelMs: 20 });
    const { url, deliveries } = await startReceiver();
    const first = await createWith(emulator, { webhook_url: url, webhook_events: ['batch.cancelled', 'batch.error'] });
    await call(emulator, `/api/v2/batches/${first.body.id}/cancel`, { method: 'POST' });
    await eventually(() => eventTypes(deliveries)).toEqual(['batch.cancelled']);
    const second = await createWith(emulator, { webhook_url: url, webhook_events: ['batch.error'] });
    emulator.batches.setStatus(second.body.id, 'FAILED');
    await eventually(() => eventTypes(deliveries)).toEqual(['batch.cancelled', 'batch.error']);
  });

  it('is delivered in up to three attempts', async () => {
    const emulator = await startEmulator({ webhookBackoffMs: 5 });
    const works = await startReceiver(2);
    await createWith(emulator, { webhook_url: works.url });
    await eventually(() => works.deliveries.length).toBe(3);
    const fails = await startReceiver(100);
    const other = await startReceiver();
    await createWith(emulator, { webhook_url: fails.url });
    await eventually(() => fails.deliveries.length).toBe(3);
    // A fourth attempt would come before the third one of an endpoint that starts now.
    const last = await startReceiver(100);
    await createWith(emulator, { webhook_url: last.url });
    await eventually(() => last.deliveries.length).toBe(3);
    expect([fails.deliveries.length, works.deliveries.length, other.deliveries.length]).toEqual([3, 3, 0]);
  });

  it('is sent twice, with the same id and body, as often as the share says', async () => {
    const emulator = await startEmulator({ webhookDoubledShare: 1 });
    const { url, deliveries } = await startReceiver();
    await createWith(emulator, { webhook_url: url });
    await eventually(() => deliveries.length).toBe(2);
    expect(deliveries[0]?.raw).toBe(deliveries[1]?.raw);
  });

  it('is not sent, as often as the share says', async () => {
    const emulator = await startEmulator({ webhookLostShare: 1 });
    const { url, deliveries } = await startReceiver();
    await createWith(emulator, { webhook_url: url });
    emulator.configure({ webhookLostShare: 0 });
    const { body } = await createWith(emulator, { webhook_url: url });
    await eventually(() => deliveries.length).toBe(1);
    expect(deliveries[0]?.event.data.id).toBe(body.id);
  });

  it('comes in another order than the changes', async () => {
    // Far enough apart to come in order otherwise.
    const emulator = await startEmulator({ batchPendingMs: 500, batchRunningMs: 500, webhookSpreadMs: 5_000 });
    const { url, deliveries } = await startReceiver();
    for (let batch = 0; batch < 5; batch++) await createWith(emulator, { webhook_url: url });
    await eventually(() => deliveries.length).toBe(15);
    const orders = emulator.batches
      .list()
      .map(({ id }) => deliveries.filter(({ event }) => event.data.id === id).map(({ event }) => event.event_type));
    expect(orders).not.toEqual(orders.map(() => ['batch.pending', 'batch.running', 'batch.success']));
  });

  it('to another machine is refused with 400, and creates nothing', async () => {
    const emulator = await startEmulator();
    for (const webhook_url of ['https://example.com/hook', 'http://127.0.0.1.example.com/', 'not a url']) {
      expect(await createWith(emulator, { webhook_url })).toMatchObject({ status: 400 });
    }
    expect(emulator.batches.list()).toEqual([]);
  });
});
