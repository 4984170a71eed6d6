import { describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { type ActivityEnvironment, addBatch, failing, run, startActivityEnvironment } from '../support.js';

/** A job that is COMPLETED. */
async function addJob(env: ActivityEnvironment, type: 'parse_v2' | 'extract_v2' = 'parse_v2') {
  const { id: batchId } = await addBatch(env, type);
  env.emulator.batches.finish(batchId);
  const job = env.emulator.jobs.list().find((each) => each.batchId === batchId);
  if (job === undefined) throw new Error('there is no job');
  return { id: job.id, type };
}

describe('readJobCredits', () => {
  test.each(['parse_v2', 'extract_v2'] as const)('returns what LlamaCloud billed for a %s job', async (type) => {
    const env = await startActivityEnvironment();
    const job = await addJob(env, type);
    env.emulator.jobs.setCredits(job.id, 45);
    expect(await run(env.activities.readJobCredits, job)).toBe(45);
    expect(env.emulator.requests.at(-1)?.query.expand).toEqual(['usage']);
  });

  test('returns null while LlamaCloud has not recorded them', async () => {
    const env = await startActivityEnvironment();
    const job = await addJob(env);
    env.emulator.jobs.setCredits(job.id, null);
    expect(await run(env.activities.readJobCredits, job)).toBeNull();
  });

  test('returns null at once for a job that LlamaCloud does not have', async () => {
    const { activities } = await startActivityEnvironment();
    expect(await run(activities.readJobCredits, { id: 'pjb-none', type: 'parse_v2' })).toBeNull();
  });

  test('is retried while LlamaCloud is down', async () => {
    const env = await startActivityEnvironment();
    const job = await addJob(env);
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.getJob });
    const failure = await failing(env.activities.readJobCredits, job);
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
  });
});
