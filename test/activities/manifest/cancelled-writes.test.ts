import { expect, test } from 'vitest';
import { createActivities } from '../../../src/activities/index.js';
import { openOutputStore } from '../../../src/outputs/index.js';
import { startS3Proxy } from '../../support/s3/proxy.js';
import { createBucket, startS3Server, useS3 } from '../../support/s3/server.js';
import { until } from '../../support/until.js';
import { startWithJob } from '../jobs/support.js';
import { createContext, runIn } from '../support.js';

/** Starts the activities over a bucket. No write of an object gets a response. */
async function startWithSilentStore() {
  const proxy = await startS3Proxy(await startS3Server());
  useS3(proxy.url);
  const outputs = await openOutputStore(`s3://${await createBucket()}`);
  const storeId = await outputs.id();
  const { env, job } = await startWithJob();
  const before = proxy.operations().length;
  proxy.always('PutObject', { kind: 'silence' });
  return {
    activities: createActivities({ llamacloud: env.llamacloud, outputs }),
    job: { ...job, storeId },
    manifest: { firstRunId: 'run-1', storeId, part: 0, isLast: true, lines: [] },
    isWriting: () => proxy.operations().slice(before).includes('PutObject'),
  };
}

type Started = Awaited<ReturnType<typeof startWithSilentStore>>;

test.each<[string, (started: Started) => Promise<unknown>]>([
  ['a document', ({ activities, job }) => activities.collectJob(job)],
  [
    'a manifest',
    ({ activities, manifest }) =>
      activities.writeManifest({ ...manifest, batchId: 'bat-1', isPartial: false, documentCount: 0 }),
  ],
  ['a manifest of directories', ({ activities, manifest }) => activities.writeDirectoriesManifest(manifest)],
])('a write of %s that gets no response ends with its activity', async (_, write) => {
  const started = await startWithSilentStore();
  const context = createContext();
  const writing = runIn(context, () => write(started), undefined);
  writing.catch(() => undefined);
  await until('the write', started.isWriting);
  const cancelledMs = performance.now();
  context.cancel();
  await expect(writing).rejects.toMatchObject({ name: 'CancelledFailure' });
  // A request that is not ended fails after 60 s.
  expect(performance.now() - cancelledMs).toBeLessThan(50_000);
});
