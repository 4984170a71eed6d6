import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { UnderlyingSource } from 'node:stream/web';
import { WorkflowNotFoundError } from '@temporalio/common';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type WebhookDelivery, WebhookReceiver, type WebhookReceiverOptions } from '../../src/webhooks/index.js';
import { createDelivery, type DeliveryOptions, OLD_SECRET, SECRET, signBody } from './support.js';

/** Temporal with some open runs, and what they were signalled. */
class FakeTemporal {
  readonly signalled: string[] = [];
  readonly queries: string[] = [];
  readonly open = new Set(['run-1']);
  /** Ids of runs by batch id, as visibility has them. */
  readonly indexed = new Map<string, string[]>();
  /** What a signal waits for first. */
  answer: Promise<void> = Promise.resolve();

  withDeadline<R>(_deadline: number | Date, run: () => Promise<R>): Promise<R> {
    return run();
  }

  readonly workflow = {
    getHandle: (workflowId: string) => ({
      signal: async (name: string) => {
        await this.answer;
        if (!this.open.has(workflowId)) throw new WorkflowNotFoundError('workflow not found', workflowId, undefined);
        this.signalled.push(`${name} ${workflowId}`);
      },
    }),
    list: ({ query }: { query: string }) => this.#list(query),
  };

  async *#list(query: string) {
    this.queries.push(query);
    const [, batchId = ''] = /'([^']*)'/.exec(query) ?? [];
    for (const workflowId of this.indexed.get(batchId) ?? []) yield { workflowId };
  }
}

function setUp(options: Partial<WebhookReceiverOptions> = {}) {
  const temporal = new FakeTemporal();
  const deliveries: WebhookDelivery[] = [];
  const receiver = new WebhookReceiver({
    client: temporal,
    secrets: [SECRET],
    onDelivery: (delivery) => deliveries.push(delivery),
    ...options,
  });
  const send = async (delivery: DeliveryOptions = {}) => {
    const { headers, body } = createDelivery({ workflowId: 'run-1', ...delivery });
    const { status } = await receiver.handle(new Request('http://localhost/', { method: 'POST', headers, body }));
    await receiver.idle();
    return status;
  };
  const counted = () => Object.fromEntries(Object.entries(receiver.counts).filter(([, count]) => count > 0));
  return { temporal, receiver, deliveries, send, counted };
}

describe('a genuine delivery', () => {
  test('wakes the run that it names, once, and asks for no other', async () => {
    const { temporal, deliveries, send, counted } = setUp();
    expect(await send()).toBe(202);
    expect(temporal.signalled).toEqual(['wake run-1']);
    expect(temporal.queries).toEqual([]);
    expect(counted()).toEqual({ woken: 1 });
    expect(deliveries).toEqual([{ outcome: 'woken', eventType: 'batch.success', workflowIds: ['run-1'] }]);
  });

  test.each(['läufe/ü – 日本', 'a.b', 'x'.repeat(900)])('names a run of any id: %s', async (workflowId) => {
    const { temporal, send } = setUp();
    temporal.open.add(workflowId);
    await send({ workflowId });
    expect(temporal.signalled).toEqual([`wake ${workflowId}`]);
  });

  test('wakes the runs that Temporal finds by the batch id, where it names no run, or one that has ended', async () => {
    const { temporal, send, counted } = setUp();
    temporal.open.add('adopter');
    temporal.indexed.set('bat-7', ['adopter', 'ended-too']);
    await send({ batchId: 'bat-7', workflowId: undefined });
    await send({ batchId: 'bat-7', workflowId: 'ended' });
    expect(temporal.signalled).toEqual(['wake adopter', 'wake adopter']);
    expect(temporal.queries[0]).toBe("LlamaCloudBatchId = 'bat-7' AND ExecutionStatus = 'Running'");
    await send({ batchId: 'bat-8', workflowId: 'ended' });
    expect(counted()).toEqual({ woken: 2, 'no-run': 1 });
  });

  test('with an id that could change the query is not looked up', async () => {
    const { temporal, send } = setUp();
    await send({ batchId: "x' OR WorkflowType = 'y", workflowId: 'ended' });
    expect(temporal.queries).toEqual([]);
  });

  test('in a string of JSON, which is the default of LlamaCloud, is taken too', async () => {
    const { temporal, send } = setUp();
    await send({ body: JSON.stringify(createDelivery().body) });
    expect(temporal.signalled).toEqual(['wake run-1']);
  });

  test('is taken with either of two secrets, while one replaces the other', async () => {
    const { temporal, send } = setUp({ secrets: [SECRET, OLD_SECRET] });
    expect([await send({ secret: SECRET }), await send({ secret: OLD_SECRET })]).toEqual([202, 202]);
    expect(temporal.signalled).toHaveLength(2);
  });

  test('is answered before Temporal has answered', async () => {
    const { temporal, receiver } = setUp();
    let answer: () => void = () => undefined;
    temporal.answer = new Promise((resolve) => {
      answer = resolve;
    });
    const delivery = createDelivery({ workflowId: 'run-1' });
    const response = await receiver.handle(new Request('http://localhost/', { method: 'POST', ...delivery }));
    expect(response.status).toBe(202);
    expect([temporal.signalled, receiver.pending]).toEqual([[], 1]);
    answer();
    await receiver.idle();
    expect([temporal.signalled, receiver.pending]).toEqual([['wake run-1'], 0]);
  });

  test('that Temporal does not take is answered with 202 all the same, and counted with the reason', async () => {
    const { temporal, deliveries, send, counted } = setUp();
    const error = new Error('14 UNAVAILABLE');
    temporal.answer = Promise.reject(error);
    expect(await send()).toBe(202);
    expect(counted()).toEqual({ undelivered: 1 });
    expect(deliveries).toEqual([{ outcome: 'undelivered', eventType: 'batch.success', error }]);
  });

  test('is refused with 503 while 1,000 signals wait for Temporal, and can be sent again after that', async () => {
    const { temporal, receiver, counted } = setUp();
    let answer: () => void = () => undefined;
    temporal.answer = new Promise((resolve) => {
      answer = resolve;
    });
    const post = async (eventId: string) => {
      const delivery = createDelivery({ workflowId: 'run-1', eventId });
      return (await receiver.handle(new Request('http://localhost/', { method: 'POST', ...delivery }))).status;
    };
    for (let event = 0; event < 1_000; event++) expect(await post(`event-${event}`)).toBe(202);
    expect(await post('last')).toBe(503);
    answer();
    await receiver.idle();
    expect(await post('last')).toBe(202);
    await receiver.idle();
    expect(counted()).toEqual({ woken: 1_001, overloaded: 1 });
  });
});

const GENUINE = createDelivery().body;

describe('a delivery wakes nothing, and is counted, that is', () => {
  const REFUSED: [string, DeliveryOptions, number, string][] = [
    ['without a signature', { signature: null }, 401, 'unsigned'],
    ['with a signature of another form', { signature: 'sha256=abc' }, 401, 'unsigned'],
    ['with a signature of another kind', { signature: `sha512=${'a'.repeat(64)}` }, 401, 'unsigned'],
    ['signed with another secret', { secret: 'whsec-of-somebody-else' }, 401, 'forged'],
    ['changed after it was signed', { body: `${GENUINE} `, signature: signBody(GENUINE) }, 401, 'forged'],
    ['for a run that nobody has signed', { runHeader: 'cnVuLTE' }, 401, 'forged'],
    ['for a run that another secret has signed', { runHeader: createRunHeader('whsec-else') }, 401, 'forged'],
    [
      'for another run than was signed',
      { runHeader: `${'cnVuLTI'}.${createRunHeader().split('.')[1]}` },
      401,
      'forged',
    ],
    ['6 minutes old', { ageSeconds: 360 }, 401, 'stale'],
    ['6 minutes ahead', { ageSeconds: -360 }, 401, 'stale'],
    ['no JSON', { body: 'batch.success' }, 400, 'malformed'],
    ['without an event id', { body: JSON.stringify({ timestamp: Date.now() / 1_000 }) }, 400, 'malformed'],
    ['without a time', { body: JSON.stringify({ event_id: 'e' }) }, 400, 'malformed'],
    ['too large', { body: 'x'.repeat(256 * 1024 + 1) }, 413, 'oversized'],
  ];

  test.each(REFUSED)('%s', async (_, delivery, status, outcome) => {
    const { temporal, deliveries, send, counted } = setUp();
    temporal.open.add('run-2');
    expect(await send(delivery)).toBe(status);
    expect(temporal.signalled).toEqual([]);
    expect(counted()).toEqual({ [outcome]: 1 });
    expect(deliveries).toEqual([{ outcome }]);
  });

  test('sent again: its event was taken', async () => {
    const { temporal, send, counted } = setUp();
    expect([await send({ eventId: 'e' }), await send({ eventId: 'e' })]).toEqual([202, 200]);
    expect(temporal.signalled).toHaveLength(1);
    expect(counted()).toEqual({ woken: 1, replayed: 1 });
  });

  test('larger than it says, or does not say how large it is', async () => {
    const { receiver, counted } = setUp({ maxBodyBytes: 100 });
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(60));
        if (sent === 50) controller.close();
      },
    });
    const headers = { 'LC-Signature': signBody('') };
    const request = new Request('http://localhost/', { method: 'POST', headers, body, duplex: 'half' });
    expect((await receiver.handle(request)).status).toBe(413);
    expect(sent).toBeLessThan(10);
    expect(counted()).toEqual({ oversized: 1 });
  });

  test('slow, or breaks off', async () => {
    const { receiver, counted } = setUp({ bodyTimeoutMs: 20 });
    const post = async (source: UnderlyingSource<Uint8Array>) => {
      const body = new ReadableStream<Uint8Array>(source);
      const headers = { 'LC-Signature': signBody('') };
      const request = new Request('http://localhost/', { method: 'POST', headers, body, duplex: 'half' });
      return (await receiver.handle(request)).status;
    };
    expect(await post({ start: (controller) => controller.enqueue(new Uint8Array(10)) })).toBe(408);
    expect(await post({ start: (controller) => controller.error(new Error('reset')) })).toBe(408);
    expect(counted()).toEqual({ slow: 2 });
  });
});

test('a request of another method is no delivery', async () => {
  const { receiver, counted } = setUp();
  const response = await receiver.handle(new Request('http://localhost/'));
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect(counted()).toEqual({});
});

test('signatures are compared in constant time', async () => {
  const compare = vi.spyOn(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  onTestFinished(() => {
    compare.mockRestore();
    syncBuiltinESMExports();
  });
  const { send } = setUp();
  await send({ secret: 'whsec-of-somebody-else' });
  expect(compare).toHaveBeenCalledTimes(1);
  const [[left, right] = []] = compare.mock.calls;
  expect([left?.byteLength, right?.byteLength]).toEqual([32, 32]);
});

test('a body that something else has read is an error that says so', async () => {
  const { receiver } = setUp();
  const request = new Request('http://localhost/', { method: 'POST', ...createDelivery() });
  await request.text();
  await expect(receiver.handle(request)).rejects.toThrow('read already');
});

test.each([
  [[], 'no secret'],
  [[''], 'less than 8 characters'],
  [[SECRET, 'short'], 'less than 8 characters'],
  [[SECRET, OLD_SECRET, 'whsec-a-third-one'], 'has 3 secrets'],
])('a receiver with the secrets %j is not made', (secrets, problem) => {
  expect(() => setUp({ secrets })).toThrow(problem);
});

test('as many events are remembered as can be sent again, and no more', async () => {
  const { TakenEvents } = await import('../../src/webhooks/taken-events.js');
  const events = new TakenEvents(3);
  const take = (id: string, nowMs: number) => events.take(id, nowMs, nowMs + 100);
  expect([take('a', 0), take('a', 99), take('a', 100), take('a', 150)]).toEqual([true, false, true, false]);
  expect([take('b', 150), take('c', 150), take('d', 150)]).toEqual([true, true, true]);
  // The oldest was forgotten for it.
  expect([take('d', 151), take('c', 151), take('b', 151), take('a', 151)]).toEqual([false, false, false, true]);
});

function createRunHeader(secret = SECRET): string {
  return createDelivery({ workflowId: 'run-1', secret }).headers['Temporal-LlamaCloud-Run'] ?? '';
}
