import { inspect } from 'node:util';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import type { BatchToCreate, PostFailureDetails } from '../../../src/activities/types.js';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { RUN_HEADER, readRunHeader, toRunHeader } from '../../../src/webhooks/run-header.js';
import {
  type ActivityEnvironment,
  type ActivityEnvironmentOptions,
  createContext,
  failing,
  run,
  runIn,
  until,
} from '../support.js';
import { batchIds, setWork } from './support.js';

/** A POST that fails, and what its failure tells the workflow. */
async function failedPost(fault: Fault, options: ActivityEnvironmentOptions = {}) {
  const { env, work } = await setWork(options);
  env.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
  const failure = await failing(env.activities.postBatch, work);
  const details: unknown = failure.details?.[0];
  return { env, work, failure, details };
}

const retry = (mayHaveCreatedBatch: boolean, retryDelayMs: number = expect.any(Number)): PostFailureDetails => ({
  mayHaveCreatedBatch,
  retryDelayMs,
});

describe('postBatch', () => {
  test('sends one request, and returns the batch', async () => {
    const { env, work } = await setWork();
    const created = await run(env.activities.postBatch, work);
    expect(env.emulator.requests.map(({ method }) => method)).toEqual(['POST']);
    expect(batchIds(env)).toEqual([created.batchId]);
  });

  test('gives the batch the webhook of the worker, which names the run in a header that the secret has signed', async () => {
    const webhook = { url: 'http://127.0.0.1:9/hook?token=planted-token', secret: 'whsec-planted' };
    const { env, work } = await setWork({ webhook });
    await run(env.activities.postBatch, { ...work, runWorkflowId: 'llamacloud/ü' });
    await run(env.activities.postBatch, work);
    const configuration = {
      webhook_url: webhook.url,
      webhook_events: ['batch.running', 'batch.success', 'batch.error', 'batch.cancelled'],
      webhook_signing_secret: webhook.secret,
      webhook_output_format: 'json',
    };
    const header = toRunHeader('llamacloud/ü', webhook.secret);
    expect(env.emulator.requests.map(({ body }) => body)).toMatchObject([
      { webhook_configurations: [{ ...configuration, webhook_headers: { [RUN_HEADER]: header } }] },
      { webhook_configurations: [{ ...configuration, webhook_headers: {} }] },
    ]);
    expect(readRunHeader(header, ['another-secret', webhook.secret])).toBe('llamacloud/ü');
  });

  test('repeats neither the secret nor the query of the URL of the webhook in its failure', async () => {
    const webhook = { url: 'http://127.0.0.1:9/hook?token=planted-token', secret: 'whsec-planted' };
    const { env, work } = await setWork({ webhook });
    const detail = `webhook ${webhook.url} with ${webhook.secret} or planted-token is bad`;
    env.emulator.faults.next({ kind: 'status', status: 422, detail, ...TARGETS.createBatch });
    const failure = await failing(env.activities.postBatch, { ...work, runWorkflowId: 'run-1' });
    expect(failure.message).toContain('webhook http://127.0.0.1:9/hook');
    expect(failure.message + inspect(failure, { depth: 10 })).not.toContain('planted');
  });

  const LOST: Fault[] = [
    { kind: 'reset-before' },
    { kind: 'reset-after' },
    { kind: 'error-after' },
    { kind: 'late-effect', effectAfterMs: 10 },
    { kind: 'truncated' },
    { kind: 'truncated-close-delimited' },
    { kind: 'empty' },
    { kind: 'wrong-json' },
    { kind: 'html' },
    { kind: 'status', status: 408 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 504 },
  ];

  test.each(LOST)('says that a batch may have been created: %j', async (fault) => {
    const { env, failure, details } = await failedPost(fault);
    expect(details).toEqual(retry(true));
    expect(failure.nonRetryable).toBe(true);
    expect(env.emulator.requests).toHaveLength(1);
  });

  test('says that a batch may have been created when no response came in time', async () => {
    const { details } = await failedPost({ kind: 'delay', delayMs: 60_000 }, { timeoutMs: 2_000 });
    expect(details).toEqual(retry(true));
  });

  test('a 503 with Retry-After is not taken to mean that nothing was created', async () => {
    const { details } = await failedPost({ kind: 'error-after', status: 503, retryAfter: 1 });
    expect(details).toEqual({ ...retry(true, 1_000), isCreateUnlikely: true });
  });

  test.each([
    [425, 'ServiceUnavailable'],
    [429, 'RateLimited'],
  ])('says that nothing was created after %i, and when to try again', async (status, type) => {
    const { failure, details } = await failedPost({ kind: 'status', status, retryAfter: 7 });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(details).toEqual(retry(false, 7_000));
  });

  test('says that nothing was created where the connection was refused', async () => {
    const { env, work } = await setWork();
    await env.emulator.close();
    const failure = await failing(env.activities.postBatch, work);
    expect(failure.details).toEqual([retry(false)]);
  });

  const REJECTED = [
    [400, 'RequestRejected', /Check the ids and the configuration/],
    [401, 'NotAuthorized', /Check the API key \(LLAMA_CLOUD_API_KEY\)/],
    [403, 'NotAuthorized', /Check the API key \(LLAMA_CLOUD_API_KEY\)/],
    [404, 'NotFound', /Check the id/],
    [409, 'RequestRejected', /Check the ids/],
    [422, 'RequestRejected', /Check the ids/],
  ] as const;

  test.each(REJECTED)('%i ends as %s, and says what to do', async (status, type, advice) => {
    const { failure, work, details } = await failedPost({ kind: 'status', status });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure.message).toMatch(advice);
    expect(failure.message).toContain(`batch over directory ${work.directoryId}: LlamaCloud returned`);
    expect(details).toEqual({ httpStatus: status });
  });

  test('402 pauses the account: it says that nothing was created, and the next POST is not sent', async () => {
    const { env, work, failure, details } = await failedPost({ kind: 'status', status: 402 });
    expect(failure).toMatchObject({ type: 'AccountPaused', nonRetryable: true, category: 'BENIGN' });
    expect(failure.message).toMatch(/LlamaCloud returned 402.*Add credits to the LlamaCloud organization/);
    const refused = await failing(env.activities.postBatch, work);
    expect(refused.type).toBe('AccountPaused');
    expect([details, refused.details?.[0]]).toEqual([retry(false, 0), retry(false, 0)]);
    expect(env.emulator.requests).toHaveLength(1);
  });

  test('while the account creates no batches, what comes before a POST waits, and what looks for a batch to cancel does not', async () => {
    const { env, work, list } = await setWork();
    const preexisting = await list();
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch });
    await failing(env.activities.postBatch, work);
    const before = env.emulator.requests.length;
    const input = { ...work, preexisting, wait: false };
    expect(await failing(env.activities.listRecentBatches, work)).toMatchObject({
      type: 'AccountPaused',
      category: 'BENIGN',
    });
    expect(await failing(env.activities.findCreatedBatch, input)).toMatchObject({ nonRetryable: false });
    expect(env.emulator.requests).toHaveLength(before);
    expect(await run(env.activities.findCreatedBatch, { ...input, isStopping: true })).toBeNull();
  });

  test.each([
    ['a second attempt', { number: 2 }],
    ['a first attempt that a person has started again', { number: 1, ageMs: 2_000 }],
  ])('%s sends nothing: what came of the one before is not known', async (_, attempt) => {
    const { env, work } = await setWork();
    const failure = await failing(env.activities.postBatch, work, attempt);
    expect(failure).toMatchObject({ nonRetryable: true, details: [retry(true)] });
    expect(env.emulator.requests).toEqual([]);
  });

  test('a cancelled POST still returns the batch that it creates', async () => {
    const { env, work } = await setWork();
    env.emulator.faults.next({ kind: 'delay', delayMs: 500, ...TARGETS.createBatch });
    const created = await cancelledPost(env, work);
    expect(batchIds(env)).toEqual([created.batchId]);
  });

  test('a cancelled POST without a response ends as cancelled', async () => {
    const { env, work } = await setWork({ timeoutMs: 2_000 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.createBatch });
    const ended = cancelledPost(env, work);
    await expect(ended).rejects.toThrow(CancelledFailure);
    await expect(ended).rejects.toMatchObject({ details: [{ mayHaveCreatedBatch: true }] });
  });

  test('a cancelled POST that LlamaCloud rejects says that there is no batch', async () => {
    const { env, work } = await setWork();
    env.emulator.faults.next({ kind: 'status', status: 429, ...TARGETS.createBatch });
    env.emulator.faults.next({ kind: 'delay', delayMs: 500, ...TARGETS.createBatch });
    const ended = cancelledPost(env, work);
    await expect(ended).rejects.toThrow(CancelledFailure);
    await expect(ended).rejects.toMatchObject({ details: [{ mayHaveCreatedBatch: false }] });
  });

  /** Cancels as soon as the request is under way. */
  async function cancelledPost(env: ActivityEnvironment, work: BatchToCreate) {
    const context = createContext();
    const posting = runIn(context, env.activities.postBatch, work);
    await until(() => env.emulator.requests.length > 0);
    context.cancel();
    return posting;
  }
});
