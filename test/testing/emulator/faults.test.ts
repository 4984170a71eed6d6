import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fault, LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { call, createRequest, eventually, runJobs, startEmulator } from './helpers.js';

async function startWithDirectory(): Promise<{ emulator: LlamaCloudEmulator; create: () => Promise<Response> }> {
  const emulator = await startEmulator();
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
  const create = () =>
    fetch(`${emulator.url}/api/v2/batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${emulator.apiKey}` },
      body: JSON.stringify(createRequest(id)),
    });
  return { emulator, create };
}

describe('a planned fault', () => {
  it('answers a status with its detail and headers, and the request has no effect', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'status', status: 503, detail: 'down', headers: { 'x-why': 'test' } });
    const response = await create();
    expect([response.status, await response.json(), response.headers.get('x-why')]).toEqual([
      503,
      { detail: 'down' },
      'test',
    ]);
    expect(emulator.batches.list()).toEqual([]);
    expect((await create()).status).toBe(201);
  });

  it('answers 429 with Retry-After in seconds, as a date, or without', async () => {
    const { emulator, create } = await startWithDirectory();
    const date = new Date(Date.UTC(2030, 0, 1));
    emulator.faults.next({ kind: 'status', status: 429, retryAfter: 2 });
    emulator.faults.next({ kind: 'status', status: 429, retryAfter: date });
    emulator.faults.next({ kind: 'status', status: 429 });
    const headers: (string | null)[] = [];
    for (let index = 0; index < 3; index += 1) headers.push((await create()).headers.get('retry-after'));
    expect(headers).toEqual(['2', 'Tue, 01 Jan 2030 00:00:00 GMT', null]);
  });

  it('resets the connection before the request takes effect', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'reset-before' });
    await expect(create()).rejects.toThrow('fetch failed');
    expect(emulator.batches.list()).toEqual([]);
    expect(emulator.requests).toMatchObject([{ method: 'POST', status: 0 }]);
  });

  it('resets the connection after the request took effect', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'reset-after' });
    await expect(create()).rejects.toThrow('fetch failed');
    expect(emulator.batches.list()).toHaveLength(1);
    expect(emulator.requests).toMatchObject([{ method: 'POST', status: 0 }]);
  });

  it('answers 502 after the request took effect', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'error-after' });
    expect((await create()).status).toBe(502);
    expect(emulator.batches.list()).toHaveLength(1);
  });

  it('cuts the response in the middle', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'truncated' });
    const response = await create();
    expect(response.status).toBe(201);
    const contentLength = Number(response.headers.get('content-length'));
    let received = '';
    const decoder = new TextDecoder();
    const reading = (async () => {
      for await (const chunk of response.body ?? []) received += decoder.decode(chunk, { stream: true });
    })();
    await expect(reading).rejects.toThrow('terminated');
    expect(received).toMatch(/^\{"id":"bat-/);
    expect(received.length).toBe(Math.floor(contentLength / 2));
    expect(emulator.batches.list()).toHaveLength(1);
  });

  it('answers JSON of an unexpected shape, or HTML', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'wrong-json' });
    emulator.faults.next({ kind: 'html' });
    const json = await create();
    expect([json.status, Object.keys(Object(await json.json()))]).toEqual([201, ['unexpected']]);
    const html = await create();
    expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(await html.text()).toContain('<!doctype html>');
    expect(emulator.batches.list()).toHaveLength(1);
  });

  it('delays the response', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'delay', delayMs: 150 });
    const startMs = performance.now();
    expect((await create()).status).toBe(201);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(145);
  });

  it('records status 0 for a request whose client closes the connection before the response', async () => {
    const { emulator } = await startWithDirectory();
    emulator.faults.next({ kind: 'delay', delayMs: 200, times: 2 });
    const headers = { authorization: `Bearer ${emulator.apiKey}` };
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = expect(fetch(`${emulator.url}/api/v2/batches`, { headers, signal })).rejects.toThrow('aborted');
    await eventually(() => emulator.faults.hits.length).toBe(1);
    controller.abort();
    await aborted;
    // Delayed as long, but later: once it is answered, the first delay is over.
    expect(await call(emulator, '/api/v2/batches')).toMatchObject({ status: 200 });
    expect(emulator.requests).toMatchObject([{ status: 0 }, { status: 200 }]);
  });

  it('may delay many requests at the same time without a warning of Node', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    const { emulator } = await startWithDirectory();
    emulator.faults.next({ kind: 'delay', delayMs: 200, times: 20 });
    const statuses = Array.from({ length: 20 }, async () => (await call(emulator, '/api/v2/batches')).status);
    expect(await Promise.all(statuses)).toEqual(Array(20).fill(200));
    expect(warnings).toEqual([]);
  });

  it('applies to the requests that match, `times` times', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'status', status: 500, method: 'GET', path: /^\/api\/v2\/parse/, times: 2 });
    emulator.faults.next({ kind: 'status', status: 418, path: '/api/v2/extract' });
    expect(emulator.faults.planned).toBe(3);
    expect((await create()).status).toBe(201);
    const statuses: number[] = [];
    for (const path of ['parse', 'parse/pjb-x', 'parse', 'extract', 'extract']) {
      statuses.push((await call(emulator, `/api/v2/${path}`)).status);
    }
    expect(statuses).toEqual([500, 500, 200, 418, 200]);
    expect(emulator.faults.hits.map(({ kind, path }) => [kind, path])).toEqual([
      ['status', '/api/v2/parse'],
      ['status', '/api/v2/parse/pjb-x'],
      ['status', '/api/v2/extract'],
    ]);
  });

  it('applies to a presigned download only if its path matches one', async () => {
    const emulator = await startEmulator();
    const query = '?expand=text_full_content_metadata';
    const responses = await runJobs(emulator, [{ name: 'a.md', content: 'abcdefgh' }], query);
    const url = responses.get('a.md')?.body.result_content_metadata?.text_full?.presigned_url ?? '';
    emulator.faults.next({ kind: 'status', status: 500 });
    expect((await fetch(url)).status).toBe(200);
    emulator.faults.clear();
    emulator.faults.next({ kind: 'truncated', path: /^\/__emulator\/files/ });
    const response = await fetch(url);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('is removed by clear', async () => {
    const { emulator, create } = await startWithDirectory();
    emulator.faults.next({ kind: 'reset-before', times: 100 });
    emulator.faults.rate = 1;
    emulator.faults.clear();
    expect((await create()).status).toBe(201);
    expect(emulator.faults.planned).toBe(0);
  });
});

describe('faults at a rate', () => {
  async function kindsAt(seed: number, rate: number, requests: number): Promise<Fault['kind'][]> {
    const emulator = await startEmulator({ seed, faultRate: rate });
    for (let index = 0; index < requests; index += 1) {
      const headers = { authorization: `Bearer ${emulator.apiKey}` };
      // Each request has another path, so that the limit of faults in a row does not apply.
      const response = await fetch(`${emulator.url}/api/v2/parse/pjb-${index}`, { headers }).catch(() => undefined);
      await response?.text().catch(() => undefined);
    }
    return emulator.faults.hits.map(({ kind }) => kind);
  }

  it('occur at about that rate, in all kinds, and are the same under the same seed', async () => {
    const [first, second] = [await kindsAt(5, 0.5, 200), await kindsAt(5, 0.5, 200)];
    expect(first).toEqual(second);
    expect(first.length).toBeGreaterThan(70);
    expect(first.length).toBeLessThan(130);
    const all = ['delay', 'status', 'reset-before', 'reset-after', 'error-after', 'truncated', 'wrong-json', 'html'];
    expect(new Set(first)).toEqual(new Set(all));
  });

  it('never affect the same request more than three times in a row, nor the routes of the emulator itself', async () => {
    const emulator = await startEmulator({ faultRate: 1 });
    for (let index = 0; index < 12; index += 1) {
      const headers = { authorization: `Bearer ${emulator.apiKey}` };
      const response = await fetch(`${emulator.url}/api/v2/parse`, { headers }).catch(() => undefined);
      await response?.text().catch(() => undefined);
    }
    expect(emulator.faults.hits).toHaveLength(9);
    expect(emulator.requests.filter((_, index) => index % 4 === 3).map(({ status }) => status)).toEqual([
      200, 200, 200,
    ]);
    expect((await fetch(`${emulator.url}/__emulator/requests`)).status).toBe(200);
  });

  it('never affect a presigned download', async () => {
    const emulator = await startEmulator();
    const query = '?expand=text_full_content_metadata';
    const responses = await runJobs(emulator, [{ name: 'a.md', content: 'abcdefgh' }], query);
    const url = responses.get('a.md')?.body.result_content_metadata?.text_full?.presigned_url ?? '';
    emulator.faults.rate = 1;
    expect(await (await fetch(url)).text()).toBe('abcdefgh');
  });
});
