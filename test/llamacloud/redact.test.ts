import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  ConnectionError,
  HttpStatusError,
  LlamaCloudClient,
  LlamaCloudError,
  UnexpectedResponseError,
} from '../../src/llamacloud/index.js';
import {
  BATCH,
  bytesOf,
  clientOf,
  clientOfEmulator,
  EXTRACT_JOB,
  expectNoneIn,
  KEY,
  PARSE_JOB,
  rejection,
  respondWith,
} from './support.js';

const SECRET = 'PLANTED-WEBHOOK-SECRET';
const HEADER = 'PLANTED-WEBHOOK-HEADER';
const SIGNATURE = 'PLANTED-SIGNATURE-0123456789';
const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

/** As other makers do it: everything about the request on the error, and in its message. */
function tellingFetch(): typeof globalThis.fetch {
  return async (input) => {
    const request = new Request(input);
    const config = { url: request.url, headers: Object.fromEntries(request.headers) };
    const cause = Object.assign(new Error(`sent ${JSON.stringify(config)}`), { code: 'ECONNRESET', config });
    throw Object.assign(new TypeError(`request to ${request.url} failed`, { cause }), { request, config });
  };
}

describe('no error holds the key', () => {
  test.each([
    ['a status', respondWith({ detail: 'no' }, 401)],
    ['a status whose detail repeats it', respondWith({ detail: `Bearer ${KEY} is not known` }, 401)],
    ['a status whose page repeats it', respondWith(`<p>authorization: Bearer ${KEY}</p>`, 502)],
    ['a status whose page repeats it at the cut', respondWith(`${'x'.repeat(290)}${KEY}`, 502)],
    ['a body that repeats it', respondWith(`Bearer ${KEY}`)],
    ['a body that repeats it at the cut', respondWith(`${'x'.repeat(30)}${KEY}`)],
    ['a body that does not fit', respondWith({ ...BATCH, id: 5, status: { key: KEY } })],
    ['a reset', (response: { socket: { resetAndDestroy(): void } | null }) => response.socket?.resetAndDestroy()],
    ['no response', () => {}],
  ])('for %s', async (_, respond) => {
    const { client } = await clientOf(respond, { timeoutMs: 2_000 });
    // A part of it that a cut has left over counts as well.
    expectNoneIn(await rejection(LlamaCloudError, client.getBatch('bat-1')), KEY, KEY.slice(0, 10));
  });

  test.each(['reset-before', 'reset-after', 'truncated', 'html', 'wrong-json', 'error-after'] as const)(
    'for the fault %s',
    async (kind) => {
      const { client, emulator } = await clientOfEmulator();
      emulator.faults.next({ kind });
      expectNoneIn(await rejection(LlamaCloudError, client.listBatches()), KEY);
    },
  );

  test.each(['http://127.0.0.1:1', 'http://nowhere.invalid'])('for the unreachable %s', async (baseUrl) => {
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl });
    expectNoneIn(await rejection(ConnectionError, client.listBatches()), KEY);
  });

  test('nor a presigned URL, when a custom fetch puts all it has into its error', async () => {
    const client = new LlamaCloudClient({ apiKey: KEY, fetch: tellingFetch() });
    const error = await rejection(ConnectionError, client.getBatch('bat-1'));
    expectNoneIn(error, KEY);
    expect(error.cause).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNRESET' } });
    const url = `https://store.example/a?X-Amz-Signature=${SIGNATURE}`;
    expectNoneIn(await rejection(ConnectionError, bytesOf(client.download(url))), SIGNATURE, KEY);
  });

  test('nor when something other than an Error is thrown', async () => {
    const client = new LlamaCloudClient({ apiKey: KEY, fetch: () => Promise.reject(`no ${KEY}`) });
    expectNoneIn(await rejection(ConnectionError, client.getBatch('bat-1')), KEY);
  });

  test.each([`${KEY}\n${KEY}`, `${KEY}\u{2603}`])('for a key that can not be sent', (apiKey) => {
    try {
      new LlamaCloudClient({ apiKey });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      expectNoneIn(error, KEY);
    }
  });

  test('nor does the client when it is inspected', () => {
    expect(inspect(new LlamaCloudClient({ apiKey: KEY }), { depth: 10, showHidden: true })).not.toContain(KEY);
  });
});

test('no error of a create repeats the secrets of its webhooks', async () => {
  const { client } = await clientOf((response, { body }) => response.writeHead(400).end(body));
  const create = client.createBatch({
    sourceDirectoryId: 'dir-1',
    job: JOB,
    webhooks: [
      { url: 'https://a.example', signingSecret: `${SECRET}"x`, headers: { authorization: HEADER, 'x-n': '1' } },
    ],
  });
  const error = await rejection(HttpStatusError, create);
  expect(error.detail).toContain('"source_directory_id":"dir-1"');
  expect(error.detail).toContain('"x-n":"1"');
  expectNoneIn(error, SECRET, HEADER);
});

const PRESIGNED = `https://store.example/a%20b?X-Amz-Signature=${SIGNATURE}&X-Amz-Credential=PLANTED%2FCREDENTIAL&note=short`;

/** The first response holds a presigned URL; the second is what `respond` makes of its parts. */
async function afterPresignedUrl(body: object | string, status = 200) {
  let asked = 0;
  const metadata = { images: [{ presigned_url: PRESIGNED }] };
  const { client } = await clientOf((response) => {
    if (asked++ === 0) response.end(JSON.stringify({ job: PARSE_JOB, images_content_metadata: metadata }));
    else response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await client.getJob({ id: 'pjb-1', type: 'parse_v2' });
  return client;
}

describe('a secret is redacted everywhere once it was sent or received', () => {
  test.each([
    ['a detail that repeats the signature', { detail: `signature ${SIGNATURE} is stale` }, 400],
    ['a detail that repeats a value decoded', { detail: 'PLANTED/CREDENTIAL is stale' }, 400],
    ['a validation error', { detail: [{ loc: ['query', SIGNATURE], msg: `bad ${SIGNATURE}`, input: SIGNATURE }] }, 422],
    ['a detail of no text', { detail: [[{ sig: SIGNATURE }]] }, 422],
    [
      'a page that repeats the query',
      `<p>X-Amz-Signature=${SIGNATURE}&amp;X-Amz-Credential=PLANTED%2FCREDENTIAL&amp;note=short</p>`,
      502,
    ],
    ['a page that repeats it at the cut of 8,000', `${' '.repeat(7_990)}${SIGNATURE}`, 502],
    ['a page that repeats it at the cut of 32,000', `${' '.repeat(31_990)}${SIGNATURE}`, 502],
    ['a body that is no JSON', `oh ${SIGNATURE}`, 200],
  ])('in %s', async (_, body, status) => {
    const client = await afterPresignedUrl(body, status);
    const error = await rejection(LlamaCloudError, client.getBatch('bat-1'));
    expectNoneIn(error, SIGNATURE.slice(0, 10), 'PLANTED%2F', 'PLANTED/');
  });

  test('in the path of the request that failed', async () => {
    const client = await afterPresignedUrl({ detail: 'no' }, 404);
    expectNoneIn(await rejection(HttpStatusError, client.getBatch(`bat-${SIGNATURE}`)), SIGNATURE);
  });

  test('in the error messages of batches, rows, jobs and pages, whatever shape they have', async () => {
    const text = `could not read ${SIGNATURE} at ${PRESIGNED}, nor http://other.example/x?token=${'T'.repeat(300)}`;
    const row = (error_message: unknown) => ({ source_directory_file_id: 'dfl-1', error_message });
    const long = { padding: 'x'.repeat(270), signature: SIGNATURE };
    const results = [row(text), row({ text }), row(long), row(`${'x'.repeat(31_985)}${SIGNATURE}`)];
    const batch = await (await afterPresignedUrl({ ...BATCH, error_message: text, results })).getBatch('bat-1');
    const pages = [{ page_number: 1, success: false, error: text }];
    const parse = { job: { ...PARSE_JOB, error_message: text }, markdown: { pages } };
    const job = await (await afterPresignedUrl(parse)).getJob({ id: 'p', type: 'parse_v2' });
    const extract = { ...EXTRACT_JOB, error_message: text };
    const record = await (await afterPresignedUrl(extract)).getJob({ id: 'e', type: 'extract_v2' });
    const list = await (await afterPresignedUrl({ items: [extract] })).listJobs({ type: 'extract_v2' });
    const shown = JSON.stringify([batch, job, record, list]);
    expect(shown).not.toContain(SIGNATURE.slice(0, 10));
    expect(shown).not.toContain('TTT');
    expect(batch.results?.[0]?.error_message).toBe(
      'could not read [redacted] at https://store.example/a%20b?[redacted] nor http://other.example/x?[redacted]',
    );
  });

  test('also a secret of webhooks, in a response to a later request', async () => {
    let asked = 0;
    const { client } = await clientOf((response) => {
      if (asked++ === 0) response.writeHead(201).end(JSON.stringify(BATCH));
      else response.writeHead(409).end(JSON.stringify({ detail: `webhook ${SECRET} with ${HEADER} and q"1" is bad` }));
    });
    const webhooks = [
      { url: 'https://a.example', signingSecret: 'q"1"', headers: { z: SECRET.slice(0, 10), a: SECRET, b: HEADER } },
    ];
    await client.createBatch({ sourceDirectoryId: 'dir-1', job: JOB, webhooks });
    const error = await rejection(HttpStatusError, client.cancelBatch('bat-1'));
    expectNoneIn(error, SECRET, HEADER, 'q"1"');
    expect(error.detail).toBe('webhook [redacted] with [redacted] and [redacted] is bad');
  });

  test('also one of the download URLs of a whole directory, and of the fields of their forms', async () => {
    const signature = (index: number) => `PLANTED-${String(index).padStart(4, '0')}-SIGNATURE`;
    const items = Array.from({ length: 1_000 }, (_, index) => ({
      id: `dfl-${index}`,
      download_url: {
        url: `https://store.example/${index}.pdf?X-Amz-Date=20260101T000000Z&X-Amz-Signature=${signature(index)}`,
        expires_at: '2026-01-01T01:00:00Z',
        form_fields: index === 0 ? { policy: 'PLANTED-POLICY' } : null,
      },
    }));
    const detail = [signature(0), signature(500), signature(999), 'PLANTED-POLICY', 'is stale'].join(' ');
    const { client } = await clientOf((response, { url }) => {
      if (url.includes('/directories/')) response.end(JSON.stringify({ items }));
      else response.writeHead(403).end(JSON.stringify({ detail }));
    });
    await client.listDirectoryFiles('dir-1');
    const error = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(error.detail).toBe('[redacted] [redacted] [redacted] [redacted] is stale');
  });

  test('also one of the download URLs that the emulator gives, as every run reads them', async () => {
    const { client, emulator } = await clientOfEmulator();
    const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
    const [file] = (await client.listDirectoryFiles(id)).items;
    const signature = /signature=(\w+)/.exec(JSON.stringify(file))?.[1] ?? '';
    expect(signature).toHaveLength(64);
    emulator.faults.next({ kind: 'status', status: 400, detail: `${signature} is stale` });
    expect((await rejection(HttpStatusError, client.listBatches())).detail).toBe('[redacted] is stale');
  });

  test('but beyond 20,000 secrets the oldest is forgotten, never the key', async () => {
    const value = (index: number) => `secret-value-${String(index).padStart(5, '0')}`;
    const detail = [KEY, value(0), value(1), value(2), value(20_000)].join(' ');
    const { client } = await clientOf((response, { method }) => {
      if (method === 'POST') response.writeHead(201).end(JSON.stringify(BATCH));
      else response.writeHead(400).end(JSON.stringify({ detail }));
    });
    const create = (...indexes: number[]) => {
      const headers = Object.fromEntries(indexes.map((index) => [`x-${index}`, value(index)]));
      return client.createBatch({
        sourceDirectoryId: 'dir-1',
        job: JOB,
        webhooks: [{ url: 'https://a.example', headers }],
      });
    };
    await create(...Array.from({ length: 20_000 }, (_, index) => index));
    await create(0, 20_000);
    const error = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(error.detail).toBe(`[redacted] [redacted] ${value(1)} [redacted] [redacted]`);
  });

  test('and clients do not share them', async () => {
    await afterPresignedUrl({});
    const { client } = await clientOf(respondWith({ detail: SIGNATURE }, 400));
    expect((await rejection(HttpStatusError, client.getBatch('bat-1'))).detail).toBe(SIGNATURE);
  });
});

test('a cause is bounded: three deep, three lines of stack, 300 characters', async () => {
  const cause = (depth: number): Error => {
    const error = Object.assign(new Error(`level ${depth} ${'😀'.repeat(1_000)}`), {
      code: 'E'.repeat(1_000),
      extra: KEY,
    });
    return depth === 6 ? error : Object.assign(error, { cause: cause(depth + 1) });
  };
  const client = new LlamaCloudClient({ apiKey: KEY, fetch: () => Promise.reject(cause(1)) });
  const error = await rejection(ConnectionError, client.getBatch('bat-1'));
  const chain: Error[] = [];
  for (let each = error.cause; each instanceof Error; each = each.cause) chain.push(each);
  expect(chain.map(({ message }) => message.slice(0, 7))).toEqual(['level 1', 'level 2', 'level 3']);
  for (const each of chain) {
    expect(each.message.length).toBeLessThanOrEqual(301);
    expect(each.stack?.split('\n    at ')).toHaveLength(4);
    expect(each).toMatchObject({ code: expect.stringMatching(/^E{300}…$/) });
    expect(each).not.toHaveProperty('extra');
    expect([each.message, each.stack ?? ''].every((text) => text.isWellFormed())).toBe(true);
  }
  expect(error.message.isWellFormed()).toBe(true);
});

test('no error repeats a presigned URL of a body that does not fit', async () => {
  const metadata = { markdown: { size_bytes: 'many', presigned_url: `https://a.example/?sig=${SIGNATURE}` } };
  const { client } = await clientOf(
    respondWith({ job: { id: 'p', status: [metadata] }, result_content_metadata: metadata }),
  );
  const error = await rejection(UnexpectedResponseError, client.getJob({ id: 'p', type: 'parse_v2' }));
  expectNoneIn(error, SIGNATURE);
});
