import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { redactSecrets } from '../../src/cli/redact-secrets.js';
import type { LlamaCloudClient } from '../../src/llamacloud/index.js';
import { parseJson, toStatusError, validateBody } from '../../src/llamacloud/response.js';
import { errorMessageSchema } from '../../src/llamacloud/schema-fields.js';
import { SecretSet } from '../../src/llamacloud/secret-set.js';
import { anyText, longText } from '../support/arbitraries.js';
import { clientOfFetch, type Reply } from '../support/client-of-fetch.js';
import { BATCH, PARSE_JOB } from './support.js';

/** Only in secrets: if one of these is left, then a part of a secret is. */
const MARKS = ['Q', 'X', 'Z'];
const PART_OF_SECRET = /[QXZ]/;
const withoutMarks = (text: string) => text.replace(/[QXZ]/g, 'a');

const ofUnit = (unit: fc.Arbitrary<string>, minLength: number) =>
  fc
    .tuple(fc.constantFrom(...MARKS), fc.string({ unit, minLength, maxLength: 40 }), fc.constantFrom(...MARKS))
    .map((parts) => parts.join(''));
const mark = fc.constantFrom(...MARKS);
const apiKey = ofUnit(fc.oneof(mark, fc.constantFrom('-', '"', '\\', '/', '+', '%', '&')), 6);
const signature = ofUnit(fc.oneof(mark, fc.constantFrom('%2F', '%3D', '+', '-', '.')), 6);
const header = ofUnit(fc.oneof(mark, fc.constantFrom(' ', '"', '\\', '/', 'é', '🦙', ':', '  ')), 6);
const secrets = fc.record({ apiKey, signature, header });

const toUrl = (signature: string) => `https://store.example/a%20b.md?v=1&sig=${signature}`;

type Form = (value: string) => string;
const FORMS: Form[] = [(value) => value, (value) => `Bearer ${value}`, (value) => encodeURIComponent(value)];
/** In a body of JSON these come by themselves. */
const JSON_FORMS: Form[] = [(value) => JSON.stringify(value), (value) => JSON.stringify({ authorization: value })];

/** The secrets of a client, one of them as LlamaCloud may repeat it, and any text that has some of them anywhere. */
function planted(forms: Form[]) {
  return secrets.chain(({ apiKey, signature, header }) => {
    const url = toUrl(signature);
    const decoded = decodeURIComponent(signature);
    const values = [apiKey, signature, decoded, decoded.replaceAll('+', ' '), header, url];
    const secret = fc
      .tuple(fc.constantFrom(...values), fc.constantFrom(...forms))
      .map(([value, toForm]) => toForm(value));
    const part = fc.oneof(secret, longText().map(withoutMarks));
    const text = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '));
    return fc.record({ known: fc.constant({ apiKey, url, header }), secret, text });
  });
}

type Known = { apiKey: string; url: string; header: string };

function toSecretSet({ apiKey, url, header }: Known): SecretSet {
  const set = new SecretSet(apiKey);
  set.addUrl(url);
  set.add([header]);
  return set;
}

describe('a secret that a client has sent or received', () => {
  test('is in no text after it was redacted, in whatever form and wherever it stands', () => {
    fc.assert(
      fc.property(planted([...FORMS, ...JSON_FORMS]), ({ known, text }) => {
        const redacted = toSecretSet(known).redact(text);
        expect(redacted).not.toMatch(PART_OF_SECRET);
        expect(redacted.isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('is in no text that is cut within it', () => {
    fc.assert(
      fc.property(planted(FORMS), fc.nat(60), ({ known, secret }, before) => {
        // Nothing after 32,000 characters is shown.
        expect(toSecretSet(known).redact(`${' '.repeat(32_000 - before)}${secret}`)).not.toMatch(PART_OF_SECRET);
      }),
    );
  });

  test('is in no text where it overlaps another one', () => {
    const set = new SecretSet('KEY-0123456789');
    set.add(['abcdefghijkl', 'ijklmnopqrstuvwx', 'cdefghij', 'mnopqrst']);
    expect(set.redact('1 abcdefghijklmnopqrstuvwx 2 mnopqrst 3')).toBe('1 [redacted] 2 [redacted] 3');
  });

  test('costs as little among 20,000 others as alone', () => {
    const text = 'the page could not be read 20260101T000000Z ab12cd34ef '.repeat(600);
    const measure = (count: number) => {
      const set = new SecretSet('KEY-0123456789');
      set.add(Array.from({ length: count }, (_, n) => createHash('sha256').update(String(n)).digest('hex')));
      const times = Array.from({ length: 5 }, () => {
        const startedMs = performance.now();
        for (let n = 0; n < 10; n++) set.redact(text);
        return performance.now() - startedMs;
      });
      return Math.min(...times);
    };
    expect(measure(20_000)).toBeLessThan(10 * measure(1));
  });

  test('changes no text that has none of it', () => {
    fc.assert(
      fc.property(secrets, anyText(), ({ apiKey, header }, text) => {
        const set = new SecretSet(apiKey);
        set.add([header]);
        const clean = withoutMarks(text).replace(/[?#@]/g, '').toWellFormed();
        expect(set.redact(clean)).toBe(clean);
      }),
    );
  });
});

/** What a person, a log or Temporal may see of an error. */
function show(error: unknown): string {
  let text = inspect(error, { depth: 10, showHidden: true });
  for (let current = error; current instanceof Error; current = current.cause)
    text += `\n${current.message}\n${current.stack}\n${JSON.stringify(current)}`;
  // Node shows where this test and the client stand, which may have these letters.
  return text.replaceAll(process.cwd(), '').replace(/^ +at .*$/gm, '');
}

/** A client that has sent the key and a header of a webhook, and received the URL. LlamaCloud replies in this way from then on. */
async function clientWithSecrets({ apiKey, url, header }: Known, reply: Reply): Promise<LlamaCloudClient> {
  const replies: Reply[] = [
    { body: { job: PARSE_JOB, result_content_metadata: { markdown: { presigned_url: url } } } },
    { body: BATCH },
  ];
  const client = clientOfFetch(() => replies.shift() ?? reply, { apiKey });
  await client.getJob({ id: 'pjb-1', type: 'parse_v2' });
  const webhooks = [{ url: 'https://a.example', headers: { a: header } }];
  await client.createBatch({
    sourceDirectoryId: 'dir-1',
    job: { type: 'parse_v2', configurationId: 'cfg-1' },
    webhooks,
  });
  return client;
}

/** Any JSON with the secrets in keys and values. */
const plantedJson = planted(FORMS).chain(({ known, text }) => {
  const word = fc.constantFrom(text, 'detail', 'loc', 'msg', 'id', 'status', 'results', 'error_message');
  const json = fc.oneof(
    fc.object({ key: word, values: [fc.constant(text), fc.integer(), fc.constant(null)], maxDepth: 3, maxKeys: 4 }),
    fc.record({ detail: fc.oneof(fc.constant(text), fc.array(fc.record({ loc: fc.array(word), msg: word }))) }),
    fc.constant(text),
  );
  return fc.record({ known: fc.constant(known), json });
});

const INFO = { method: 'GET', path: '/api/v2/batches/bat-1' };
const schema = z.object({ id: z.string(), status: z.enum(['A', 'B']), results: z.record(z.string(), z.null()) });
/** LlamaCloud repeats secrets in the middle of a body, or where an error cuts it. */
const padding = fc.oneof(fc.constant(0), fc.nat(60), fc.integer({ min: 250, max: 310 }));

describe('an error shows no secret', () => {
  test('of a response with whatever status and body', () => {
    fc.assert(
      fc.property(plantedJson, padding, ({ known, json }, spaces) => {
        const redact = (text: string) => toSecretSet(known).redact(text);
        const text = typeof json === 'string' ? json : JSON.stringify(json);
        for (const body of [text, `${'x'.repeat(spaces)}${text}`, `<p>${'x '.repeat(spaces)}${text}</p>`])
          expect(show(toStatusError(new Response(null, { status: 400 }), body, INFO, redact))).not.toMatch(
            PART_OF_SECRET,
          );
      }),
    );
  });

  test('of a body that is no JSON, or does not fit', () => {
    fc.assert(
      fc.property(plantedJson, padding, ({ known, json }, spaces) => {
        const redact = (text: string) => toSecretSet(known).redact(text);
        const body = `${'x'.repeat(spaces)}${typeof json === 'string' ? json : JSON.stringify(json)}`;
        for (const fail of [() => parseJson(body, INFO, redact), () => validateBody(schema, json, INFO, redact)])
          expect(show(errorOf(fail))).not.toMatch(PART_OF_SECRET);
      }),
    );
  });

  test('where a client passes it on', async () => {
    const status = fc.constantFrom(200, 400, 422, 502);
    await fc.assert(
      fc.asyncProperty(plantedJson, status, async ({ known, json }, status) => {
        const client = await clientWithSecrets(known, { status, body: json });
        const error = await client.getBatch('bat-1').catch((error: unknown) => error);
        expect(show(error instanceof Error ? error : '')).not.toMatch(PART_OF_SECRET);
      }),
      { numRuns: 20 },
    );
  });
});

function errorOf(fail: () => unknown): unknown {
  try {
    fail();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the error message of a batch, a row, a job or a page shows no secret', () => {
  test('whatever shape it has, and wherever it is cut', () => {
    fc.assert(
      fc.property(plantedJson, padding, ({ known, json }, spaces) => {
        const schema = errorMessageSchema((text) => toSecretSet(known).redact(text));
        for (const message of [json, { padding: 'x'.repeat(spaces), json }])
          expect(schema.parse(message) ?? '').not.toMatch(PART_OF_SECRET);
      }),
    );
  });

  test('where a client returns it', async () => {
    await fc.assert(
      fc.asyncProperty(plantedJson, async ({ known, json }) => {
        const row = { error_message: json };
        const page = { success: false, error: json };
        const body = { ...BATCH, ...row, results: [row], job: { ...PARSE_JOB, ...row }, markdown: { pages: [page] } };
        const client = await clientWithSecrets(known, { body });
        const batch = await client.getBatch('bat-1');
        const { job, ...result } = await client.getJob({ id: 'pjb-1', type: 'parse_v2' });
        const pages = 'markdown' in result ? (result.markdown?.pages ?? []) : [];
        const shown = [batch.error_message, batch.results?.[0]?.error_message, job.error_message, pages[0]?.error];
        for (const text of shown) expect(text ?? '').not.toMatch(PART_OF_SECRET);
      }),
      { numRuns: 20 },
    );
  });
});

test('what the command prints has no value of a secret variable', () => {
  const variable = fc.constantFrom('LLAMA_CLOUD_API_KEY', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS_CLIENT_KEY_DATA');
  const value = ofUnit(fc.oneof(mark, fc.constantFrom('-', '\n', ' ', '"', '$', '\\')), 4);
  fc.assert(
    fc.property(variable, value, longText(), longText(), (name, value, before, after) => {
      const [start, end] = [withoutMarks(before), withoutMarks(after)];
      const printed = redactSecrets(`${start}${value}${end}${value}`, { [name]: ` ${value}\n` });
      expect(printed).toBe(`${start}[${name}]${end}[${name}]`);
    }),
  );
});
