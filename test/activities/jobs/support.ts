import { join } from 'node:path';
import { documentKey } from '../../../src/activities/support/output-keys.js';
import type { JobType } from '../../../src/protocol/index.js';
import type { EmulatorOptions } from '../../../src/testing/emulator/index.js';
import { addBatch, startActivityEnvironment, until } from '../support.js';

/** The first job of a batch, whose document is parsed. */
export async function startWithJob(type: JobType = 'parse_v2', emulator: EmulatorOptions = {}) {
  const env = await startActivityEnvironment({ emulator });
  const batch = await addBatch(env, type);
  const jobOf = () => {
    const [job] = env.emulator.jobs.list();
    if (job === undefined) throw new Error('there is no job');
    return job;
  };
  await until(() => jobOf().status === 'COMPLETED');
  const { id: jobId, fileId } = jobOf();
  const job = { fileId, name: 'a.md', jobId, type, batchId: batch.id };
  const [, documentName = ''] = documentKey(batch.id, job, 'markdown');
  const pathOf = (extension: string) => join(env.output, batch.id, documentName.replace(/md$/, extension));
  return { env, batch, job, pathOf };
}
