import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { describe, expect, test } from 'vitest';
import { NotReady } from '../../../src/activities/support/not-ready.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import { toFailure } from '../../../src/activities/support/to-failure.js';
import {
  ConnectionError,
  HttpStatusError,
  IncompleteDocumentError,
  UnexpectedResponseError,
} from '../../../src/llamacloud/index.js';
import { OutputError } from '../../../src/outputs/index.js';
import { failing, startActivityEnvironment, toPollInput } from '../support.js';

const { Failure } = temporal.api.failure.v1;

/** Above this size Temporal shows `Failure exceeds size limit` in place of a failure that is being retried. */
const MAX_FAILURE_BYTES = 4_096;

/** A failure as Temporal sends it, and its size. */
function toSent(error: unknown) {
  const sent = Failure.create(new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter));
  return { sent, size: Failure.encode(sent).finish().length };
}

/** Every text that is sent of a failure and its causes. */
function textsOf({ message, stackTrace, applicationFailureInfo, cause }: temporal.api.failure.v1.IFailure): string[] {
  const own = [message ?? '', stackTrace ?? '', applicationFailureInfo?.type ?? ''];
  return cause == null ? own : [...own, ...textsOf(cause)];
}

const CONTEXT = { operation: 'read', ageMs: 0, failingMs: () => 0, failures: () => 0, remainingMs: 60_000 } as const;

const LONG = [
  ['bytes', 'x'.repeat(100_000)],
  ['characters of four bytes', '😀'.repeat(50_000)],
  ['half surrogate pairs', '\ud83d'.repeat(100_000)],
  ['lines', '    at f (file.ts:1:1)\n'.repeat(5_000)],
  ['control characters', '\u0001\u001b'.repeat(50_000)],
] as const;

/** Every text of an error is this one. */
function error(text: string, depth = 20): Error {
  const cause = depth === 0 ? undefined : { cause: error(text, depth - 1) };
  return Object.assign(new Error(text, cause), {
    name: text,
    code: text,
    stack: `${text}\n    at ${text}\n`.repeat(9),
  });
}

describe.each(LONG)('a failure that is being retried is shown whole with errors of 100,000 %s', (_, text) => {
  const request = { method: 'GET', path: text };
  const cause = error(text);
  const ERRORS: [string, Error | string][] = [
    ['an unknown error', cause],
    ['no error', text],
    ['ConnectionError', new ConnectionError(text, request, { cause })],
    ['HttpStatusError', new HttpStatusError({ status: 403, detail: text, retryAfterMs: undefined }, request)],
    ['UnexpectedResponseError', new UnexpectedResponseError(text, text, request, { cause })],
    ['IncompleteDocumentError', new IncompleteDocumentError(text, request)],
    ['ResultMissing', new ResultMissing(text, { cause })],
    ['OutputError', new OutputError('write', text, cause)],
    ['NotReady', new NotReady('JobNotReady', `job ${text}`, 1_000)],
  ];

  test.each(ERRORS)('%s', (_name, thrown) => {
    const { sent, size } = toSent(toFailure(thrown, { ...CONTEXT, what: `job pjb-1 of ${text}` }).failure);
    expect(size).toBeLessThan(MAX_FAILURE_BYTES);
    expect(sent.message).toMatch(/^job/);
    for (const part of textsOf(sent)) {
      expect(part.isWellFormed()).toBe(true);
      expect(part.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    }
  });
});

test('the advice is there, however long the reason is', () => {
  const long = 'x'.repeat(100_000);
  const thrown = new HttpStatusError(
    { status: 402, detail: long, retryAfterMs: undefined },
    { method: 'GET', path: '/' },
  );
  expect(toFailure(thrown, { ...CONTEXT, what: `job ${long}` }).failure.message).toMatch(
    /^job x+…: LlamaCloud returned 402: x+…\. Add credits to .* again\.$/,
  );
});

test('an outage whose responses are 100 kB of JSON is shown by its status, its reason and where it came from', async () => {
  const env = await startActivityEnvironment();
  const detail = Array.from({ length: 1_000 }, (_, i) => ({ loc: ['body', i], msg: '文書'.repeat(20), type: 'x' }));
  env.emulator.faults.next({ kind: 'status', status: 503, detail });
  const thrown = await failing(env.activities.waitForBatch, toPollInput('bat-1'));
  const { sent, size } = toSent(thrown);
  expect(size).toBeLessThan(MAX_FAILURE_BYTES);
  expect(sent.message).toMatch(/^batch bat-1: LlamaCloud returned 503: body\.0: 文書/);
  expect(sent.cause?.stackTrace).toMatch(/^HttpStatusError\n {4}at /);
});
