import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../../src/llamacloud/index.js';
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
    const url = await vi.waitFor(async () => {
      const job = await client.getJob({ id: emulator.jobs.list()[0]?.id ?? '', type: 'parse_v2' }, { expand });
      if (job.type !== 'parse_v2') throw new Error('it is another job');
      expect(job.markdown).toBeNull();
      return job.result_content_metadata?.markdown?.presigned_url ?? expect.fail('no URL yet');
    });
    expect((await bytesOf(await client.download(url))).toString()).toContain('# A document');
  });

  test('is authorized by its URL alone', async () => {
    const { client, seen, url } = await clientOf((response) => response.end('document'));
    expect((await bytesOf(await client.download(`${url}/a%20b${QUERY}`))).toString()).toBe('document');
    expect(seen[0]).toMatchObject({ method: 'GET', url: `/a%20b${QUERY}` });
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(seen)).not.toContain(KEY);
  });

  test('of 64 MiB is never held in whole: what is not read is not sent', async () => {
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
    for await (const piece of await client.download(url)) {
      received += piece.length;
      most = Math.max(most, sent - received);
      await setImmediate();
    }
    expect(received).toBe(64 * MEBIBYTE);
    expect(most).toBeLessThan(24 * MEBIBYTE);
  });

  test('may be empty', async () => {
    const { client, url } = await clientOf((response) => response.writeHead(200).end());
    expect(await bytesOf(await client.download(url))).toHaveLength(0);
  });

  test('that nobody reads to its end is let go', async () => {
    const closed = vi.fn();
    const { client, url } = await clientOf((response) => response.on('close', closed).writeHead(200).write('a'));
    for await (const piece of await client.download(url)) if (piece.length > 0) break;
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });

  test('takes as long as it takes, if no piece of it does', async () => {
    const { client, url } = await clientOf(
      (response) => {
        let left = 8;
        const timer = setInterval(() => (--left > 0 ? response.write('a') : response.end('z')), 50);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 250 },
    );
    expect((await bytesOf(await client.download(url))).toString()).toBe('aaaaaaaz');
  });
});

describe('a download fails', () => {
  test('as a ConnectionError when it breaks off, after what had come', async () => {
    const { client, url } = await clientOf((response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half', () => response.socket?.destroy());
    });
    const document = await client.download(`${url}/${QUERY}`);
    const error = await rejection(ConnectionError, bytesOf(document));
    expect(error).toMatchObject({ timedOut: false, request: { method: 'GET', path: 'presigned document' } });
    expect(error.message).toContain('The answer broke off');
    expectNoneIn(error, SIGNATURE, KEY, url);
  });

  test.each(['headers', 'body'])('as timed out when no more comes in its %s', async (where) => {
    const { client, url } = await clientOf((response) => where === 'body' && response.writeHead(200).write('a'), {
      timeoutMs: 80,
    });
    const reading = client.download(`${url}/${QUERY}`).then(bytesOf);
    const error = await rejection(ConnectionError, reading);
    expect(error.timedOut).toBe(true);
    expectNoneIn(error, SIGNATURE, KEY, url);
  });

  test('with its status when the URL has expired, and without the page that may hold its signature', async () => {
    const closed = vi.fn();
    const { client, url, seen } = await clientOf((response, request) => {
      response.socket?.on('close', closed);
      // Never ends: who does not let go of it holds the connection.
      response.writeHead(403).write(`<Error>expired ${request.url}</Error>`);
    });
    const error = await rejection(HttpStatusError, client.download(`${url}/${QUERY}`));
    expect(error).toMatchObject({ status: 403, detail: '' });
    expectNoneIn(error, SIGNATURE, KEY);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
    expect(seen).toHaveLength(1);
  });

  test.each(['', 'not a url?', 'file:///etc/passwd?', 'data:text/plain,a?'])(
    'for %j, which it does not open',
    async (start) => {
      const { client } = await clientOf(() => {});
      const error = await rejection(UnexpectedResponseError, client.download(`${start}${SIGNATURE}`));
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
    const error = await rejection(ConnectionError, client.download(urlOf(url)));
    expectNoneIn(error, SIGNATURE, KEY);
  });

  test('when it is sent on to a place that can not be read, without repeating that', async () => {
    const { url: other } = await serve((response) => {
      response.writeHead(302, { location: `http://:bad/${QUERY}` }).end();
    });
    const { client } = await clientOf(() => {});
    const error = await rejection(ConnectionError, client.download(`${other}/`));
    expectNoneIn(error, SIGNATURE);
  });

  test('as the abort of the caller, before and in the middle', async () => {
    const reason = new Error('enough');
    const closed = vi.fn();
    const { client, url, seen } = await clientOf((response) => response.on('close', closed).writeHead(200).write('a'));
    await expect(client.download(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(seen).toHaveLength(0);
    const controller = new AbortController();
    const document = await client.download(url, { signal: controller.signal });
    const reading = async () => {
      for await (const _ of document) controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });
});
