import { describe, expect, test } from 'vitest';
import { delayOf, failing, failureOf, pollThrough, run, startActivityEnvironment, toPollInput } from '../support.js';

describe('a read that LlamaCloud answers with', () => {
  const ENDS = [
    [400, 'RequestRejected', 'Check the ids and the configuration that the message names.'],
    [422, 'RequestRejected', 'Check the ids and the configuration that the message names.'],
    [418, 'RequestRejected', 'Check the ids and the configuration that the message names.'],
  ] as const;

  test.each(ENDS)('%i ends as %s, and says of which batch and what to do', async (status, type, advice) => {
    const { failure, batchId } = await pollThrough({ kind: 'status', status, detail: 'no such thing' });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure.nextRetryDelay).toBeUndefined();
    expect(failure.message).toBe(
      `batch ${batchId}: LlamaCloud returned ${status}: no such thing (GET /api/v2/batches/${batchId}). ${advice}`,
    );
    expect(failure.cause).toMatchObject({ name: 'HttpStatusError' });
  });

  const RETRIED = [
    [401, 'NotAuthorized', 15_000, 15_000],
    [403, 'NotAuthorized', 15_000, 15_000],
    [404, 'NotFound', 1_900, 2_000],
    [408, 'ServiceUnavailable', 1_900, 2_000],
    [409, 'ServiceUnavailable', 1_900, 2_000],
    [425, 'ServiceUnavailable', 1_900, 2_000],
    [429, 'RateLimited', 5_000, 10_000],
    [500, 'ServiceUnavailable', 1_900, 2_000],
    [502, 'ServiceUnavailable', 1_900, 2_000],
    [503, 'ServiceUnavailable', 1_900, 2_000],
    [504, 'ServiceUnavailable', 1_900, 2_000],
  ] as const;

  test.each(RETRIED)('%i is tried again as %s', async (status, type, least, most) => {
    const { failure, batchId } = await pollThrough({ kind: 'status', status });
    expect(failure).toMatchObject({ type, nonRetryable: false });
    expect(delayOf(failure)).toBeGreaterThanOrEqual(least);
    expect(delayOf(failure)).toBeLessThanOrEqual(most);
    expect(failure.message).toContain(`batch ${batchId}: LlamaCloud returned ${status}`);
    expect(failure.cause).toMatchObject({ name: 'HttpStatusError' });
  });

  test.each([401, 402, 403])('%i says already while it is tried again what a person can do', async (status) => {
    const { failure } = await pollThrough({ kind: 'status', status });
    expect(failure.message).toMatch(status === 402 ? /Add credits/ : /Check the API key \(LLAMA_CLOUD_API_KEY\)/);
  });

  test('5xx for long is asked again more and more seldom, at most once a minute', async () => {
    const delays: number[] = [];
    for (const ageMs of [0, 20_000, 60_000, 3_600_000]) {
      delays.push(delayOf((await pollThrough({ kind: 'status', status: 500 }, { ageMs })).failure));
    }
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(delays.at(-1)).toBeGreaterThan(50_000);
    expect(delays.at(-1)).toBeLessThanOrEqual(60_000);
  });
});

describe('a read without a whole response is tried again as ServiceUnavailable', () => {
  const BROKEN = [
    [{ kind: 'reset-before' }, /No response/],
    [{ kind: 'reset-after' }, /No response/],
    [{ kind: 'truncated' }, /cut off|No response/],
  ] as const;

  test.each(BROKEN)('%j', async (fault, says) => {
    const { failure, batchId } = await pollThrough(fault);
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    expect(failure.message).toMatch(says);
    expect(failure.message).toContain(`batch ${batchId}`);
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
    expect(failure.cause).toMatchObject({ name: 'ConnectionError' });
  });

  test('a response that takes too long', async () => {
    const { failure } = await pollThrough({ kind: 'delay', delayMs: 60_000 }, {}, 1_000);
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    expect(failure.message).toContain('did not respond within 1 s');
  });

  test('a connection that is refused', async () => {
    const gone = await startActivityEnvironment();
    await gone.emulator.close();
    const failure = await failing(gone.activities.waitForBatch, toPollInput('bat-1'));
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  test('a host that has no address', async () => {
    const { activities } = await startActivityEnvironment({ baseUrl: 'http://llamacloud.invalid' });
    const failure = await failing(activities.waitForBatch, toPollInput('bat-1'));
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
  });
});

describe('a read whose response is not as documented is tried again as UnexpectedResponse', () => {
  test('HTML under a 200', async () => {
    const { failure, batchId } = await pollThrough({ kind: 'html' });
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
    expect(failure.message).toContain(`batch ${batchId}: LlamaCloud's response is not as documented at (body)`);
    expect(failure.cause).toMatchObject({ name: 'UnexpectedResponseError' });
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
  });

  test('JSON of another shape: the path in the body is named', async () => {
    const { failure } = await pollThrough({ kind: 'wrong-json' });
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
    expect(failure.message).toContain('not as documented at id');
  });
});

test('a failure about a document names the job and the file', async () => {
  const env = await startActivityEnvironment();
  env.emulator.faults.next({ kind: 'status', status: 500 });
  const input = { fileId: 'dfl-1', name: 'a.md', jobId: 'pjb-1', type: 'parse_v2', batchId: 'bat-1' } as const;
  const failure = await failureOf(run(env.activities.collectJob, input));
  expect(failure.message).toMatch(/^job pjb-1 of a\.md: LlamaCloud returned 500/);
});
