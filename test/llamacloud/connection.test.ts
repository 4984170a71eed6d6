import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConnectionError, LlamaCloudClient } from '../../src/llamacloud/index.js';
import { BATCH, clientOf, clientOfEmulator, KEY, listening, rejection } from './support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

/** The garbage collector runs all through the test. */
function collectGarbage(): void {
  setFlagsFromString('--expose_gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('there is no gc to call');
  const timer = setInterval(() => gc(), 20);
  onTestFinished(() => clearInterval(timer));
}

describe('without a complete response a call throws ConnectionError', () => {
  test('when the connection is reset before the request takes effect', async () => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'reset-before' });
    const error = await rejection(ConnectionError, client.listBatches());
    expect(error).toMatchObject({ name: 'ConnectionError' });
    expect(error.message).toMatch(/^No response from LlamaCloud: .*ECONNRESET.* \(GET \/api\/v2\/batches\)$/);
    expect(emulator.requests).toHaveLength(1);
  });

  test('when it is reset after a POST took effect, which is not sent again', async () => {
    const { client, emulator } = await clientOfEmulator();
    const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
    emulator.faults.next({ kind: 'reset-after' });
    await rejection(ConnectionError, client.createBatch({ sourceDirectoryId: id, job: JOB }));
    expect(emulator.batches.list()).toHaveLength(1);
    expect(emulator.requests).toHaveLength(1);
  });

  test('when the body is cut off', async () => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'truncated' });
    const error = await rejection(ConnectionError, client.listBatches());
    expect(error).toMatchObject({ message: expect.stringContaining('The response was cut off') });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('when nothing listens on the port', async () => {
    const server = createServer();
    const baseUrl = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(ConnectionError, new LlamaCloudClient({ apiKey: KEY, baseUrl }).listBatches());
    expect(error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  });

  test('when the host name can not be resolved', async () => {
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl: 'http://nowhere.invalid' });
    const error = await rejection(ConnectionError, client.listBatches());
    expect(error).toMatchObject({ message: expect.stringMatching(/(ENOTFOUND|EAI_AGAIN) nowhere/) });
  });

  test('when the server does not speak HTTP', async () => {
    const { client } = await clientOf((response) => response.socket?.end('hello\r\n\r\n'));
    await rejection(ConnectionError, client.listBatches());
  });

  test('when the system times out', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: coded('UND_ERR_CONNECT_TIMEOUT') }));
    const client = new LlamaCloudClient({ apiKey: KEY, fetch });
    expect((await rejection(ConnectionError, client.listBatches())).message).toContain('UND_ERR_CONNECT_TIMEOUT');
  });
});

describe('a request times out', () => {
  test('when the server never responds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    // The time passes when the server has the request, however slow the machine is.
    const { client, seen } = await clientOf(() => void vi.advanceTimersByTime(1_500), { timeoutMs: 1_500 });
    const error = await rejection(ConnectionError, client.getBatch('bat-1'));
    expect(error.message).toBe('LlamaCloud did not respond within 1.5 s (GET /api/v2/batches/bat-1)');
    expect(seen).toHaveLength(1);
  });

  test('when the body stops, also after a garbage collection, and the connection is closed', async () => {
    collectGarbage();
    const closed = vi.fn();
    const { client } = await clientOf((response) => response.on('close', closed).writeHead(200).write('{"id":'), {
      timeoutMs: 2_000,
    });
    const error = await rejection(ConnectionError, client.getBatch('bat-1'));
    expect(error.message).toContain('did not respond within 2 s');
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });

  test('when the whole response takes too long, even if bytes keep coming', async () => {
    const { client } = await clientOf(
      (response) => {
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 1_000 },
    );
    const error = await rejection(ConnectionError, client.getBatch('bat-1'));
    expect(error.message).toContain('did not respond within 1 s');
  });
});

describe('the default timeout', () => {
  test('is 60 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const late = (ms: number): LlamaCloudClient => {
      const respond = () => new Response(JSON.stringify(BATCH));
      const fetch = () => new Promise<Response>((resolve) => setTimeout(() => resolve(respond()), ms));
      return new LlamaCloudClient({ apiKey: KEY, fetch });
    };
    const inTime = late(59_000).getBatch('bat-1');
    const tooLate = rejection(ConnectionError, late(61_000).getBatch('bat-1'));
    await vi.advanceTimersByTimeAsync(61_000);
    expect((await inTime).id).toBe('bat-1');
    expect(await tooLate).toMatchObject({ message: expect.stringContaining('within 60 s') });
  });
});

describe('an abort by the caller throws the reason of the signal', () => {
  const reason = new Error('enough');

  test('before the request, which is not sent', async () => {
    const { client, emulator } = await clientOfEmulator();
    await expect(client.listBatches({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(emulator.requests).toHaveLength(0);
    const fetch = vi.fn<typeof globalThis.fetch>();
    const unsent = new LlamaCloudClient({ apiKey: KEY, fetch });
    await expect(unsent.listBatches({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fetch).not.toHaveBeenCalled();
  });

  test('while waiting for the headers', async () => {
    const controller = new AbortController();
    const closed = vi.fn();
    const { client } = await clientOf((response) => {
      response.on('close', closed);
      controller.abort(reason);
    });
    await expect(client.getBatch('bat-1', { signal: controller.signal })).rejects.toBe(reason);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });

  test('in the middle of the body, also after a garbage collection', async () => {
    collectGarbage();
    const { client } = await clientOf((response) => response.writeHead(200).write('{'));
    await expect(client.getBatch('bat-1', { signal: AbortSignal.timeout(1_000) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  test('of many calls with one signal, without a warning of Node', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const controller = new AbortController();
    const { signal } = controller;
    const { client, seen } = await clientOf(() => {
      if (seen.length === 30) controller.abort(reason);
    });
    const calls = Array.from({ length: 30 }, () => client.getBatch('bat-1', { signal }));
    expect(await Promise.allSettled(calls)).toEqual(Array(30).fill({ status: 'rejected', reason }));
    expect(warned).not.toHaveBeenCalled();
  });
});

function coded(code: string): Error {
  return Object.assign(new Error('Connect Timeout Error'), { code });
}
