import { describe, expect, it } from 'vitest';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { call, runJobs, startEmulator } from './helpers.js';

const CONTENT = 'x'.repeat(10_000);

/** Starts a download of a document, which is on disk if it is long. */
async function startDownload(content = CONTENT) {
  const emulator = await startEmulator();
  const query = '?expand=text_full_content_metadata';
  const responses = await runJobs(emulator, [{ name: 'a.md', content }], query);
  const url = responses.get('a.md')?.body.result_content_metadata?.text_full?.presigned_url ?? '';
  const fail = (fault: Fault, times = 1) => emulator.faults.next({ ...fault, ...TARGETS.download, times });
  return { emulator, url, fail };
}

describe('a download', () => {
  it('may end early without a length, `times` times', async () => {
    const { url, fail } = await startDownload();
    fail({ kind: 'truncated-close-delimited' }, 2);
    for (let index = 0; index < 2; index += 1) {
      const response = await fetch(url);
      const framing = ['content-length', 'transfer-encoding'].map((name) => response.headers.get(name));
      expect([response.status, framing]).toEqual([200, [null, null]]);
      expect(await response.text()).toBe('x'.repeat(5_000));
    }
    expect(await (await fetch(url)).text()).toBe(CONTENT);
  });

  it('may end early under the Content-Length of the whole', async () => {
    const { url, fail } = await startDownload();
    fail({ kind: 'truncated' });
    const response = await fetch(url);
    expect(response.headers.get('content-length')).toBe('10000');
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('may be partial, with 206', async () => {
    const { url, fail } = await startDownload();
    fail({ kind: 'partial' });
    const response = await fetch(url);
    const headers = [response.headers.get('content-range'), response.headers.get('content-length')];
    expect([response.status, ...headers]).toEqual([206, 'bytes 0-4999/10000', '5000']);
    expect(await response.text()).toBe('x'.repeat(5_000));
  });

  it('may be truncated when it is streamed from a file', async () => {
    const { url, fail } = await startDownload('y'.repeat(200_000));
    fail({ kind: 'partial' });
    fail({ kind: 'truncated-close-delimited' });
    for (const status of [206, 200]) {
      const response = await fetch(url);
      expect([response.status, await response.text()]).toEqual([status, 'y'.repeat(100_000)]);
    }
    expect(await (await fetch(url)).text()).toHaveLength(200_000);
  });

  it('may be empty, or an HTML page, with 200', async () => {
    const { url, fail } = await startDownload();
    fail({ kind: 'empty' });
    fail({ kind: 'html' });
    const empty = await fetch(url);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    const html = await fetch(url);
    expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(await html.text()).toContain('<!doctype html>');
  });

  it('may be refused with 403 and the signature in the body', async () => {
    const { url, fail } = await startDownload();
    fail({ kind: 'signature-mismatch' });
    const response = await fetch(url);
    const body = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'application/xml']);
    expect(body).toContain(`<SignatureProvided>${new URL(url).searchParams.get('signature')}</SignatureProvided>`);
  });

  it('may get random faults of every kind, while the API answers', async () => {
    const { emulator, url } = await startDownload();
    emulator.faults.downloadRate = 1;
    for (let index = 0; index < 100; index += 1) {
      const response = await fetch(url).catch(() => undefined);
      await response?.text().catch(() => undefined);
    }
    const kinds = ['status', 'reset-before', 'truncated', 'truncated-close-delimited', 'partial', 'empty', 'html'];
    expect(new Set(emulator.faults.hits.map(({ kind }) => kind))).toEqual(new Set([...kinds, 'signature-mismatch']));
    // Never more than three in a row.
    expect(emulator.faults.hits).toHaveLength(75);
    expect((await call(emulator, '/api/v2/parse')).status).toBe(200);
    emulator.faults.clear();
    expect(await (await fetch(url)).text()).toBe(CONTENT);
  });
});

describe('the rate of faults of downloads', () => {
  it('can be set at the start', async () => {
    const emulator = await startEmulator({ downloadFaultRate: 1 });
    expect([emulator.faults.downloadRate, emulator.faults.rate]).toEqual([1, 0]);
  });
});
