import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  ConnectionError,
  HttpStatusError,
  LlamaCloudClient,
  LlamaCloudError,
  UnexpectedResponseError,
} from '../../src/llamacloud/index.js';
import { answering, BATCH, clientOf, clientOfEmulator, expectNoneIn, KEY, rejection } from './support.js';

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
    ['a status', answering({ detail: 'no' }, 401)],
    ['a status whose detail repeats it', answering({ detail: `Bearer ${KEY} is not known` }, 401)],
    ['a status whose page repeats it', answering(`<p>authorization: Bearer ${KEY}</p>`, 502)],
    ['a status whose page repeats it at the cut', answering(`${'x'.repeat(290)}${KEY}`, 502)],
    ['a body that repeats it', answering(`Bearer ${KEY}`)],
    ['a body that repeats it at the cut', answering(`${'x'.repeat(30)}${KEY}`)],
    ['a body that does not fit', answering({ ...BATCH, id: 5, status: { key: KEY } })],
    ['a reset', (response: { socket: { resetAndDestroy(): void } | null }) => response.socket?.resetAndDestroy()],
    ['no answer', () => {}],
  ])('for %s', async (_, respond) => {
    const { client } = await clientOf(respond, { timeoutMs: 200 });
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

  test('nor a presigned URL, when a fetch of the caller tells all it knows', async () => {
    const client = new LlamaCloudClient({ apiKey: KEY, fetch: tellingFetch() });
    const error = await rejection(ConnectionError, client.getBatch('bat-1'));
    expectNoneIn(error, KEY);
    expect(error.cause).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNRESET' } });
    const url = `https://store.example/a?X-Amz-Signature=${SIGNATURE}`;
    expectNoneIn(await rejection(ConnectionError, client.download(url)), SIGNATURE, KEY);
  });

  test('nor does an error that is thrown in place of an Error', async () => {
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

  test('nor does the client itself, looked at', () => {
    expect(inspect(new LlamaCloudClient({ apiKey: KEY }), { depth: 10, showHidden: true })).not.toContain(KEY);
  });
});

test('no error of a create repeats the secrets of its webhooks', async () => {
  const { client } = await clientOf((response, { body }) => response.writeHead(400).end(body));
  const create = client.createBatch({
    sourceDirectoryId: 'dir-1',
    job: JOB,
    webhooks: [{ url: 'https://a.example', signingSecret: SECRET, headers: { authorization: HEADER, 'x-n': '1' } }],
  });
  const error = await rejection(HttpStatusError, create);
  expect(error.detail).toContain('"source_directory_id":"dir-1"');
  expect(error.detail).toContain('"x-n":"1"');
  expectNoneIn(error, SECRET, HEADER);
});

test('no error repeats a presigned URL of a body that does not fit', async () => {
  const metadata = { markdown: { size_bytes: 'many', presigned_url: `https://a.example/?sig=${SIGNATURE}` } };
  const { client } = await clientOf(answering({ job: { id: 'p', status: 'A' }, result_content_metadata: metadata }));
  const error = await rejection(UnexpectedResponseError, client.getJob({ id: 'p', type: 'parse_v2' }));
  expectNoneIn(error, SIGNATURE);
});
