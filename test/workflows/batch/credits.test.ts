import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/index.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

/** `indexDocument` fails for the file with this name, whose job is COMPLETED. */
const REJECTED = { name: 'reject.md', content: '# No\n' };

describe('the credits of a file whose child failed, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterAll(() => env?.close());

  /** Runs a batch over one file, and others that are rejected: each of them has a function, which gets its job. */
  const reject = async (...prepares: ((jobId: string) => void)[]) => {
    const { id } = await env.emulator.addDirectory([...files(1), ...prepares.map(() => REJECTED)]);
    const run = await env.batches.start({ ...parseInput(id), child: { workflowType: 'indexDocument' } });
    const batch = await env.untilCreated(id);
    const rejected = batch.files.filter(({ name }) => name === REJECTED.name);
    for (const [index, { jobId }] of rejected.entries()) prepares[index]?.(jobId ?? '');
    env.emulator.batches.finish(batch.id);
    const report = await run.result();
    expect(report.files).toMatchObject({ completed: 1, failed: prepares.length });
    const lines = (await env.manifest(report.manifest)).filter(({ name }) => name === REJECTED.name);
    for (const { error } of lines) expect(error?.type).toBe('NotIndexed');
    return { report, credits: lines.map(({ credits }) => credits) };
  };

  test('are what LlamaCloud billed for its job, in the manifest and in the report', async () => {
    const { report, credits } = await reject((jobId) => env.emulator.jobs.setCredits(jobId, 45));
    expect(credits).toEqual([45]);
    expect(report.credits).toBe(45 + 3);
  });

  test('are null where they are not recorded, no number, or can not be read, and the run goes on', async () => {
    const refuse = (status: number) => (jobId: string) => {
      const path = `/api/v2/parse/${jobId}`;
      env.emulator.faults.next({ kind: 'status', status, ...TARGETS.getJob, path, times: 9 });
    };
    const { report, credits } = await reject(
      (jobId) => env.emulator.jobs.setCredits(jobId, null),
      (jobId) => env.emulator.jobs.setCredits(jobId, 'many'),
      // Too large to add up.
      (jobId) => env.emulator.jobs.setCredits(jobId, 1e300),
      refuse(400),
      refuse(404),
    );
    env.emulator.faults.clear();
    expect(credits).toEqual(Array(5).fill(null));
    expect(report.credits).toBe(3);
  });

  test('are those of its COMPLETED job if its document could not be collected in time', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const restore = env.emulator.rewrite(TARGETS.getJob, (body) => ({
      ...Object(body),
      markdown: null,
      result_content_metadata: null,
    }));
    const run = await env.batches.start({ ...parseInput(id), jobTimeout: '3 seconds' });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const report = await run.result();
    restore();
    expect(report.failures).toMatchObject([{ type: 'JobTimedOut' }]);
    expect(report.credits).toBe(3);
    expect(await env.manifest(report.manifest)).toMatchObject([{ status: 'FAILED', credits: 3 }]);
  });

  test('are not asked for where the job itself failed', async () => {
    const { id } = await env.emulator.addDirectory([...files(1), { name: 'broken.pdf', content: '' }]);
    const run = await env.batches.start(parseInput(id));
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    expect((await run.result()).files).toMatchObject({ completed: 1, failed: 1 });
    const activities = (await env.history(run.workflowId)).map(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
    );
    expect(activities).not.toContain('readJobCredits');
  });
});
