import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ConnectionError,
  HttpStatusError,
  IncompleteDocumentError,
  LlamaCloudClient,
  UnexpectedResponseError,
} from '../../src/llamacloud/index.js';
import { bytesOf, clientOf, clientOfEmulator, expectNoneIn, KEY, rejection, serve } from './support.js';

const SIGNATURE = 'PLANTED-SIGNATURE-0123456789';
const QUERY = `?X-Amz-Signature=${SIGNATURE}&expires=1`;
const MEBIBYTE = 1024 * 1024;

describe('a download', () => {
  test('gets the document that was too large to come inline', async () => {
    const { client, emulator } = await clientOfEmulator({ inlineLimitBytes: 10 });
    const content = '# A document\n\nof some length\n';
    const { id } = await emulator.addDirectory([{ name: 'a.md', content }]);
    await client.createBatch({
      sourceDirectoryId: id,
      job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    });
    const expand = ['markdown', 'markdown_content_metadata'];
    const { url, sizeBytes } = await vi.waitFor(async () => {
      const job = await client.getJob({ id: emulator.jobs.list()[0]?.id ?? '', type: 'parse_v2' }, { expand });
      if (job.type !== 'parse_v2') throw new Error('it is another job');
      expect(job.markdown).toBeNull();
      const { presigned_url: url, size_bytes: sizeBytes } = job.result_content_metadata?.markdown ?? {};
      return { url: url ?? expect.fail('no URL yet'), sizeBytes: sizeBytes ?? expect.fail('no size') };
    }, 300_000);
    expect((await bytesOf(client.download(url, { sizeBytes }))).toString()).toContain('# A document');
  });

  test('is authorized by its URL alone', async () => {
    const { client, seen, url } = await clientOf((response) => response.end('document'));
    expect((await bytesOf(client.download(`${url}/a%20b${QUERY}`))).toString()).toBe('document');
    expect(seen[0]).toMatchObject({ method: 'GET', url: `/a%20b${QUERY}` });
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(seen)).not.toContain(KEY);
  });

  test('of 64 MiB is streamed: what is not read is not sent', async () => {
    const chunk = Buffer.alloc(MEBIBYTE, 'x');
    let sent = 0;
    const { client, url } = await clientOf((response) => {
      const send = () => {
        while (sent < 64 * MEBIBYTE) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
        response.end();
      };
      response.on('drain', send);
      send();
    });
    let received = 0;
    let most = 0;
    for await (const piece of client.download(url)) {
      received += piece.length;
      most = Math.max(most, sent - received);
      await setImmediate();
    }
    expect(received).toBe(64 * MEBIBYTE);
    expect(most).toBeLessThan(24 * MEBIBYTE);
  });

  test('sends no request before its first chunk is read', async () => {
    const { client, url, seen } = await clientOf((response) => response.end('a'));
    const document = client.download(url);
    await setImmediate();
    expect(seen).toHaveLength(0);
    await bytesOf(document);
    expect(seen).toHaveLength(1);
  });

  test('may be empty if LlamaCloud gives a size of 0', async () => {
    const { client, url } = await clientOf((response) => response.writeHead(200).end());
    expect(await bytesOf(client.download(url, { sizeBytes: 0 }))).toHaveLength(0);
  });

  test('closes its connection when the reader stops early', async () => {
    const closed = vi.fn();
    const { client, url } = await clientOf((response) => response.on('close', closed).writeHead(200).write('a'));
    for await (const piece of client.download(url)) if (piece.length > 0) break;
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });

  test('has a timeout for each chunk, not for the whole document', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let send = (_: string) => {};
    const { client, url } = await clientOf((response) => {
      send = (text) => void response.write(text);
      send('a');
    });
    let text = '';
    for await (const chunk of client.download(url)) {
      text += Buffer.from(chunk).toString();
      if (text === 'aaaa') break;
      vi.advanceTimersByTime(50_000);
      send('a');
    }
    expect(text).toBe('aaaa');
  });
});

describe('a download is complete or fails', () => {
  const ten = '0123456789';
  const zipped = gzipSync(ten);

  test.each<[string, number, string | Buffer, Record<string, string>, number | undefined]>([
    ['of the size that LlamaCloud gives', 200, ten, {}, 10],
    ['of no known size', 200, ten, {}, undefined],
    ['with a Content-Length', 200, ten, { 'content-length': '10' }, 10],
    ['encoded, of the decoded size', 200, zipped, { 'content-encoding': 'gzip' }, 10],
    ['encoded, of the decoded size and with a Content-Length', 200, zipped, encoded(zipped), 10],
    ['encoded, of the encoded size', 200, zipped, encoded(zipped), zipped.length],
    ['encoded, of no known size', 200, zipped, encoded(zipped), undefined],
    ['that is HTML by its type and has the size', 200, ten, { 'content-type': 'text/html' }, 10],
  ])('it is whole %s', async (_, status, body, headers, sizeBytes) => {
    const { client, url } = await clientOf((response) => response.writeHead(status, headers).end(body));
    expect((await bytesOf(client.download(url, { sizeBytes }))).toString()).toBe(ten);
  });

  test.each<[string, number, string | Buffer, Record<string, string>, number | undefined, string]>([
    ['too short', 200, 'x'.repeat(5_000), {}, 10_000, '5,000 of 10,000 bytes'],
    ['too short by its Content-Length', 200, ten, { 'content-length': '10' }, 11, '10 of 11 bytes'],
    ['too long', 200, ten, {}, 9, '10 of 9 bytes'],
    ['too short when decoded', 200, zipped, { 'content-encoding': 'gzip' }, 11, '10 of 11 bytes'],
    ['empty, of a known size', 200, '', {}, 10, '0 of 10 bytes'],
    ['empty, of no known size', 200, '', {}, undefined, 'it is empty'],
    ['a part', 206, ten, { 'content-range': 'bytes 0-9/20' }, undefined, 'the response has status 206'],
    ['a part of the whole size', 206, ten, {}, 10, 'the response has status 206'],
    ['nothing', 204, '', {}, 0, 'the response has status 204'],
    [
      'a login page',
      200,
      ten,
      { 'content-type': 'text/HTML; charset=utf-8' },
      undefined,
      'the response is an HTML page',
    ],
  ])('it is an error where it is %s', async (_, status, body, headers, sizeBytes, problem) => {
    const { client, url } = await clientOf((response) => response.writeHead(status, headers).end(body));
    const error = await rejection(IncompleteDocumentError, bytesOf(client.download(`${url}/${QUERY}`, { sizeBytes })));
    expect(error.message).toBe(`the document is incomplete: ${problem} (GET presigned document)`);
    expect(error.name).toBe('IncompleteDocumentError');
    expectNoneIn(error, SIGNATURE, KEY);
  });

  test('it fails if a custom fetch returns less than the Content-Length', async () => {
    const fetch = async () => new Response(ten, { headers: { 'content-length': '20' } });
    const client = new LlamaCloudClient({ apiKey: KEY, fetch });
    const reading = bytesOf(client.download('https://store.example/a'));
    expect((await rejection(IncompleteDocumentError, reading)).message).toContain('10 of 20 bytes');
  });

  test('the error comes in place of the end, and one that is too long is not read further', async () => {
    const closed = vi.fn();
    const { client, url } = await clientOf((response) => response.on('close', closed).writeHead(200).write(ten));
    const chunks: string[] = [];
    const reading = async () => {
      for await (const chunk of client.download(url, { sizeBytes: 9 })) chunks.push(String(chunk));
    };
    await rejection(IncompleteDocumentError, reading());
    expect(chunks).toEqual([]);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });
});

function encoded(body: Buffer): Record<string, string> {
  return { 'content-encoding': 'gzip', 'content-length': String(body.length) };
}

describe('a download fails', () => {
  test('with a ConnectionError when it is cut off, after the chunks received so far', async () => {
    const { client, url } = await clientOf((response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half', () => response.socket?.destroy());
    });
    const document = client.download(`${url}/${QUERY}`);
    const error = await rejection(ConnectionError, bytesOf(document));
    expect(error).toMatchObject({ request: { method: 'GET', path: 'presigned document' } });
    expect(error.message).toContain('The response was cut off');
    expectNoneIn(error, SIGNATURE, KEY, url);
  });

  test.each(['headers', 'body'])('with a timeout when nothing more arrives in its %s', async (where) => {
    const { client, url } = await clientOf((response) => where === 'body' && response.writeHead(200).write('a'), {
      timeoutMs: 2_000,
    });
    const reading = bytesOf(client.download(`${url}/${QUERY}`));
    const error = await rejection(ConnectionError, reading);
    expect(error.message).toContain('did not respond within 2 s');
    expectNoneIn(error, SIGNATURE, KEY, url);
  });

  test('with its status when the URL has expired, and without the page that may hold its signature', async () => {
    const closed = vi.fn();
    const { client, url, seen } = await clientOf((response, request) => {
      response.socket?.on('close', closed);
      // Never ends: who does not let go of it holds the connection.
      response.writeHead(403).write(`<Error>expired ${request.url}</Error>`);
    });
    const error = await rejection(HttpStatusError, bytesOf(client.download(`${url}/${QUERY}`)));
    expect(error).toMatchObject({ status: 403, detail: '' });
    expectNoneIn(error, SIGNATURE, KEY);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
    expect(seen).toHaveLength(1);
  });

  test.each(['', 'not a url?', 'file:///etc/passwd?', 'data:text/plain,a?'])(
    'for %j, which it does not open',
    async (start) => {
      const { client } = await clientOf(() => {});
      const error = await rejection(UnexpectedResponseError, bytesOf(client.download(`${start}${SIGNATURE}`)));
      expect(error.path).toBe('presigned_url');
      expectNoneIn(error, SIGNATURE);
    },
  );

  test.each([
    ['that holds a password', (url: string) => `${url.replace('//', `//user:${SIGNATURE}@`)}/?a=b`],
    ['where nobody listens', () => `http://127.0.0.1:1/${QUERY}`],
    ['of no known host', () => `http://nowhere.invalid/${QUERY}`],
  ])('for a URL %s, without repeating it', async (_, urlOf) => {
    const { client, url } = await clientOf(() => {});
    const error = await rejection(ConnectionError, bytesOf(client.download(urlOf(url))));
    expectNoneIn(error, SIGNATURE, KEY);
  });

  test('when it is redirected to an invalid URL, without repeating the URL', async () => {
    const { url: other } = await serve((response) => {
      response.writeHead(302, { location: `http://:bad/${QUERY}` }).end();
    });
    const { client } = await clientOf(() => {});
    const error = await rejection(ConnectionError, bytesOf(client.download(`${other}/`)));
    expectNoneIn(error, SIGNATURE);
  });

  test('with the reason of an abort by the caller, before and in the middle', async () => {
    const reason = new Error('enough');
    const closed = vi.fn();
    const { client, url, seen } = await clientOf((response) => response.on('close', closed).writeHead(200).write('a'));
    await expect(bytesOf(client.download(url, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    expect(seen).toHaveLength(0);
    const controller = new AbortController();
    const document = client.download(url, { signal: controller.signal });
    const reading = async () => {
      for await (const _ of document) controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });
});
