import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ConnectionError,
  HttpStatusError,
  type LlamaCloudClient,
  LlamaCloudError,
  UnexpectedResponseError,
} from '../../src/llamacloud/index.js';
import { anyJson, anyText, longText } from '../support/arbitraries.js';
import { clientOfFetch, type Reply } from '../support/client-of-fetch.js';
import { BATCH, EXTRACT_JOB, PARSE_JOB } from './support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
const PAGE = { page_number: 1, success: true, markdown: '# A', text: 'A', error: null };
const METADATA = { markdown: { size_bytes: 3, presigned_url: 'https://store.example/a?sig=b' } };
const ROW = {
  source_directory_file_id: 'dfl-1',
  job_reference: { id: 'pjb-1', type: 'parse_v2' },
  error_message: null,
};
const FILE = { id: 'dfl-1', display_name: 'a.pdf', created_at: '2026-01-01T00:00:00Z', deleted_at: null };

const DIRECTORY = { id: 'dir-1', name: 'a', type: 'ephemeral', expires_at: FILE.created_at };
const CONFIGURATION = { id: 'cfg-1', version: 'v1', updated_at: FILE.created_at, parameters: { tier: 'fast' } };

/** Every call that reads a response, with a good one. */
const CALLS: [string, (client: LlamaCloudClient) => Promise<unknown>, object][] = [
  ['getBatch', (client) => client.getBatch('bat-1'), { ...BATCH, created_at: FILE.created_at, results: [ROW, ROW] }],
  ['createBatch', (client) => client.createBatch({ sourceDirectoryId: 'dir-1', job: JOB }), BATCH],
  ['cancelBatch', (client) => client.cancelBatch('bat-1'), BATCH],
  ['listBatches', (client) => client.listBatches(), { items: [BATCH, BATCH], next_page_token: 'next' }],
  [
    'getJob of parse',
    (client) => client.getJob({ id: 'pjb-1', type: 'parse_v2' }),
    {
      job: { ...PARSE_JOB, usage: { credits: 3 } },
      markdown: { pages: [PAGE, PAGE] },
      text: { pages: [PAGE] },
      items: { pages: [{}] },
      result_content_metadata: METADATA,
    },
  ],
  [
    'getJob of extract',
    (client) => client.getJob({ id: 'ext-1', type: 'extract_v2' }),
    { ...EXTRACT_JOB, extract_result: { total: 3 } },
  ],
  ['listJobs of parse', (client) => client.listJobs({ type: 'parse_v2' }), { items: [PARSE_JOB] }],
  ['listJobs of extract', (client) => client.listJobs({ type: 'extract_v2' }), { items: [EXTRACT_JOB] }],
  ['cancelJob', (client) => client.cancelJob({ id: 'pjb-1', type: 'parse_v2' }), PARSE_JOB],
  ['createDirectory', (client) => client.createDirectory({ name: 'a' }), DIRECTORY],
  ['listDirectories', (client) => client.listDirectories(), { items: [DIRECTORY, DIRECTORY] }],
  [
    'createParseJob',
    (client) => client.createParseJob({ fileId: 'f-1', configurationId: 'cfg-1' }),
    { ...PARSE_JOB, user_metadata: { run: 'r' } },
  ],
  [
    'createExtractJob',
    (client) => client.createExtractJob({ fileInput: 'dfl-1', configurationId: 'cfg-1' }),
    EXTRACT_JOB,
  ],
  ['getConfiguration', (client) => client.getConfiguration('cfg-1'), CONFIGURATION],
  ['listConfigurations', (client) => client.listConfigurations(), { items: [CONFIGURATION] }],
  [
    'aggregateUsage',
    (client) => client.aggregateUsage({ organizationId: 'org-1', groupBy: ['day'] }),
    { buckets: [{ dimensions: { day: '2026-11-28' }, total_credits: 3, total_value: 1, metric_count: 1 }] },
  ],
  ['listDirectoryFiles', (client) => client.listDirectoryFiles('dir-1'), { items: [FILE, FILE] }],
];

/** A good body in which any values, at any depth, are replaced by others, left out, or joined by more. */
function nearly(good: unknown): fc.Arbitrary<unknown> {
  const odd = { weight: 1, arbitrary: anyJson() };
  if (Array.isArray(good)) {
    const items = fc.tuple(...good.map(nearly), fc.array(anyJson(), { maxLength: 2 })).map((parts) => parts.flat());
    return fc.oneof(odd, { weight: 6, arbitrary: items });
  }
  if (typeof good !== 'object' || good === null) return fc.oneof(odd, { weight: 9, arbitrary: fc.constant(good) });
  const fields = Object.fromEntries(Object.entries(good).map(([key, value]) => [key, nearly(value)]));
  const more = fc.dictionary(anyText(1), anyJson(), { maxKeys: 1 });
  const object = fc.tuple(fc.record(fields, { requiredKeys: [] }), more).map((parts) => Object.assign({}, ...parts));
  return fc.oneof(odd, { weight: 12, arbitrary: object });
}

let respond: () => Reply;
/** One client for all: to make the schemas of another takes longer than a request. */
const client = clientOfFetch(() => respond());

/** What a call returned, or the error that it threw, when LlamaCloud replies in this way. */
async function outcomeOf(call: (client: LlamaCloudClient) => Promise<unknown>, reply: () => Reply) {
  respond = reply;
  return call(client).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
}

describe.each(CALLS)('the response of %s', (_, call, good) => {
  test('is either taken or an UnexpectedResponseError that says where, whatever JSON it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: nearly(good) }, anyJson()), async (body) => {
        const { value, error } = await outcomeOf(call, () => ({ body }));
        if (error === undefined) expect(value).toBeTypeOf('object');
        else {
          expect(error).toBeInstanceOf(UnexpectedResponseError);
          expect(error).toMatchObject({ path: expect.stringMatching(/./s) });
        }
      }),
      { numRuns: 40 },
    );
  });
});

const anyCall = fc.constantFrom(...CALLS.map(([, call]) => call));

test('any status with any body is an error of the client, which is well-formed, on one line and short', async () => {
  const body = fc.oneof(
    longText(),
    anyJson(),
    fc.record({ detail: anyJson() }),
    longText().map((text) => `<p>${text}`),
  );
  const headers = fc.oneof(
    fc.constant({}),
    fc.string({ unit: 'grapheme-ascii' }).map((text) => ({ 'retry-after': text.trim() })),
  );
  await fc.assert(
    fc.asyncProperty(
      anyCall,
      fc.integer({ min: 200, max: 599 }),
      body,
      headers,
      async (call, status, body, headers) => {
        const { error } = await outcomeOf(call, () => ({ status, body, headers }));
        expect(error === undefined && status >= 300).toBe(false);
        if (error === undefined) return;
        if (!(error instanceof LlamaCloudError)) throw error;
        expect(error).toBeInstanceOf(status < 300 ? UnexpectedResponseError : HttpStatusError);
        expect(error.message.isWellFormed()).toBe(true);
        expect(error.message.length).toBeLessThan(1_000);
        if (error instanceof HttpStatusError) expect(error.message).not.toMatch(/\p{Cc}/u);
      },
    ),
  );
});

test('whatever fetch throws is a ConnectionError', async () => {
  const thrown = fc.oneof(
    anyText().map((text) => new TypeError(text, { cause: Object.assign(new Error(text), { code: text }) })),
    fc.constantFrom(undefined, null, 0, 'text', {}, []),
  );
  await fc.assert(
    fc.asyncProperty(anyCall, thrown, async (call, thrown) => {
      const { error } = await outcomeOf(call, () => {
        throw thrown;
      });
      expect(error).toBeInstanceOf(ConnectionError);
    }),
  );
});

describe('a batch, whatever its response', () => {
  const [, , good] = CALLS[0] ?? [];

  test('has every row of its results: an odd one is neither lost nor an error of the others', async () => {
    const id = fc.oneof(anyText(2), fc.constantFrom('', '.', '..', 'a\u0007', 'p'.repeat(201)));
    const withId = id.map((id) => ({ ...ROW, job_reference: { id, type: 'parse_v2' } }));
    const rows = fc.array(fc.oneof(nearly(ROW), withId, fc.constant(ROW)));
    await fc.assert(
      fc.asyncProperty(rows, async (rows) => {
        const body = JSON.parse(JSON.stringify({ ...BATCH, results: rows }));
        respond = () => ({ body });
        const { results } = await client.getBatch('bat-1');
        expect(results).toHaveLength(rows.length);
        for (const [index, result] of (results ?? []).entries()) {
          if (JSON.stringify(rows[index]) === JSON.stringify(ROW)) expect(result).toEqual(ROW);
          const { source_directory_file_id: fileId, job_reference: job, error_message: message } = result;
          expect(['string', 'undefined']).toContain(typeof fileId);
          if (message != null) expect(message).toBeTypeOf('string');
          if (job == null) continue;
          // It can be sent back in the path of a URL.
          expect(job.id).toMatch(/^[^\p{Cc}]{1,200}$/u);
          expect(['.', '..']).not.toContain(job.id);
          expect(job.type).toMatch(/./s);
        }
      }),
    );
  });

  test('that was created is not lost, as long as the response has its id', async () => {
    await fc.assert(
      fc.asyncProperty(nearly(good), async (body) => {
        const withId = { ...Object(body), id: 'bat-7' };
        respond = () => ({ status: 201, body: withId });
        const created = await client.createBatch({ sourceDirectoryId: 'dir-1', job: JOB });
        expect(created).toMatchObject({ id: 'bat-7', status: expect.any(String) });
      }),
    );
  });
});

describe('Retry-After', () => {
  const delayOf = async (retryAfter: string) => {
    const reply = { status: 429, body: '', headers: { 'retry-after': retryAfter } };
    const { error } = await outcomeOf(
      (client) => client.getBatch('bat-1'),
      () => reply,
    );
    if (!(error instanceof HttpStatusError)) throw error;
    return error.retryAfterMs;
  };

  test('in seconds is that many milliseconds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1_000, max: 1_000_000 }), async (seconds) => {
        expect(await delayOf(String(seconds))).toBe(seconds * 1_000);
      }),
    );
  });

  test('as a date is the time until then', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1_000_000, max: 1_000_000 }), async (seconds) => {
        const at = Math.floor(Date.now() / 1_000 + seconds) * 1_000;
        const before = Date.now();
        const delay = (await delayOf(new Date(at).toUTCString())) ?? Number.NaN;
        expect(delay).toBeLessThanOrEqual(at - before);
        expect(delay).toBeGreaterThanOrEqual(at - Date.now());
      }),
    );
  });

  test('that is anything else is none, and never a delay that is no number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme-ascii' }), async (text) => {
        const delay = await delayOf(text.trim());
        if (!/^-?\d+(\.\d+)?$|GMT$/.test(text.trim())) expect(delay).toBeUndefined();
        else expect(delay).not.toBeNaN();
      }),
    );
  });
});
