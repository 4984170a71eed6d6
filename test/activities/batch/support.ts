import type { BatchToCreate } from '../../../src/activities/types.js';
import type { BatchJob } from '../../../src/protocol/index.js';
import { ADVERSE_CONDITIONS } from '../../../src/testing/emulator/index.js';
import {
  type ActivityEnvironment,
  type ActivityEnvironmentOptions,
  addDirectory,
  run,
  startActivityEnvironment,
} from '../support.js';

export const PARSE: BatchJob = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };

/** A directory that a batch is to be created over, and what is listed before. */
export async function setWork({ emulator, ...options }: ActivityEnvironmentOptions = {}) {
  const env = await startActivityEnvironment({
    ...options,
    emulator: { ...ADVERSE_CONDITIONS, listLagMs: 0, ...emulator },
  });
  const { id: directoryId } = await addDirectory(env);
  const work: BatchToCreate = { directoryId, job: PARSE, scope: {} };
  return { env, work, list: () => run(env.activities.listRecentBatches, work) };
}

export function batchIds({ emulator }: ActivityEnvironment): string[] {
  return emulator.batches.list().map(({ id }) => id);
}

/** A batch that is created without the activities. */
export function create({ llamacloud }: ActivityEnvironment, directoryId: string, job = PARSE) {
  return llamacloud.createBatch({ sourceDirectoryId: directoryId, job });
}
