import { files, parse, type Stage } from '../../support/stage.js';
import { until } from '../../support/until.js';

/** Starts a run over so many files, and waits for its batch. */
export async function startRun(stage: Stage, count: number, options: object = {}) {
  const { id } = await stage.emulator.addDirectory(files(count));
  const run = await stage.batches.start({ ...parse(id), poll: { maximumInterval: 1_000 }, ...options });
  const batch = await stage.created(id);
  return {
    run,
    batch,
    status: () => stage.emulator.batches.list().find((each) => each.id === batch.id)?.status,
    jobs: () => stage.emulator.jobs.list().filter(({ batchId }) => batchId === batch.id),
    running: () => stage.emulator.jobs.running().filter(({ batchId }) => batchId === batch.id),
    isWaiting: () => until('the run to wait', async () => (await run.progress()).phase === 'waiting'),
  };
}

export type StartedRun = Awaited<ReturnType<typeof startRun>>;

/** Maps every file of a batch that stays RUNNING. Its jobs end by their own clock. */
export async function mapFiles(stage: Stage, { batch, jobs }: StartedRun, status = 'COMPLETED'): Promise<void> {
  stage.emulator.batches.finish(batch.id);
  stage.emulator.batches.setStatus(batch.id, 'RUNNING');
  await until(`its jobs to be ${status}`, () => jobs().every((job) => job.status === status));
}
