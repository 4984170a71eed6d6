import { describe, expect, test } from 'vitest';
import { addDirectory, run, startActivityEnvironment } from '../support.js';

const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

/** A directory with a batch that is cancelled. */
async function newDirectory() {
  const env = await startActivityEnvironment({
    emulator: { batchRunningMs: 3_600_000, listLagMs: 0, unusualBatches: false },
  });
  const { id: directoryId } = await addDirectory(env);
  const create = async () => (await env.llamacloud.createBatch({ sourceDirectoryId: directoryId, job })).id;
  const cancelled = await create();
  env.emulator.batches.setStatus(cancelled, 'CANCELLED');
  const find = () => run(env.activities.findDirectoryBatch, { directoryId, job, scope: {}, directoryCreatedAt: null });
  return { env, create, cancelled, find };
}

describe('the batch over the directory of a part', () => {
  test('is one that was not cancelled, also if an older one was', async () => {
    const { env, create, cancelled, find } = await newDirectory();
    expect(await find()).toEqual({ batchId: cancelled, status: 'CANCELLED' });
    const running = await create();
    expect(await find()).toMatchObject({ batchId: running });
    env.emulator.batches.finish(running);
    expect(await find()).toEqual({ batchId: running, status: 'COMPLETED' });
  });
});
