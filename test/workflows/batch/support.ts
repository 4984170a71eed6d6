import { files, parseInput, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

/** Starts a run over so many files, and waits for its batch. */
export async function startRun(env: TestEnvironment, count: number, options: object = {}) {
  const { id } = await env.emulator.addDirectory(files(count));
  const run = await env.batches.start({ ...parseInput(id), poll: { maximumInterval: 1_000 }, ...options });
  const batch = await env.untilCreated(id);
  return {
    run,
    batch,
    status: () => env.emulator.batches.list().find((each) => each.id === batch.id)?.status,
    jobs: () => env.emulator.jobs.list().filter(({ batchId }) => batchId === batch.id),
    running: () => env.emulator.jobs.running().filter(({ batchId }) => batchId === batch.id),
    untilWaiting: () => until('the run to wait', async () => (await run.progress()).phase === 'waiting'),
  };
}

export type StartedRun = Awaited<ReturnType<typeof startRun>>;

/** Maps every file of a batch that stays RUNNING. Its jobs end by their own clock. */
export async function mapFiles(
  env: TestEnvironment,
  { batch, jobs }: StartedRun,
  jobStatus = 'COMPLETED',
): Promise<void> {
  env.emulator.batches.finish(batch.id);
  env.emulator.batches.setStatus(batch.id, 'RUNNING');
  await until(`its jobs to be ${jobStatus}`, () => jobs().every((job) => job.status === jobStatus));
}
