import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { files, parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

/** `indexDocument` fails for the file with this name, whose job is COMPLETED. */
const REJECTED = { name: 'reject.md', content: '# No\n' };

describe('the credits of a file whose child failed, on a real server', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** Runs a batch over one file and another that is rejected. `prepare` gets the job of the latter. */
  const reject = async (prepare: (jobId: string) => void = () => undefined) => {
    const { id } = await env.emulator.addDirectory([...files(1), REJECTED]);
    const run = await env.batches.start({ ...parse(id), child: { workflowType: 'indexDocument' } });
    const batch = await env.untilCreated(id);
    prepare(batch.files.find(({ name }) => name === REJECTED.name)?.jobId ?? '');
    env.emulator.batches.finish(batch.id);
    const report = await run.result();
    expect(report.files).toMatchObject({ completed: 1, failed: 1 });
    const line = (await env.manifest(report.manifest)).find(({ name }) => name === REJECTED.name);
    expect(line?.error?.type).toBe('NotIndexed');
    return { report, line };
  };

  test('are what LlamaCloud billed for its job, in the manifest and in the report', async () => {
    const { report, line } = await reject((jobId) => env.emulator.jobs.setCredits(jobId, 45));
    expect(line?.credits).toBe(45);
    expect(report.credits).toBe(45 + 3);
  });

  test.each([
    ['LlamaCloud has not recorded them', (jobId: string) => env.emulator.jobs.setCredits(jobId, null)],
    ['they are no number', (jobId: string) => env.emulator.jobs.setCredits(jobId, 'many')],
    ['they are too large to add up', (jobId: string) => env.emulator.jobs.setCredits(jobId, 1e300)],
    [
      'LlamaCloud rejects the request',
      (jobId: string) => {
        const path = `/api/v2/parse/${jobId}`;
        env.emulator.faults.next({ kind: 'status', status: 400, ...TARGETS.getJob, path, times: 9 });
      },
    ],
    [
      'LlamaCloud no longer has the job',
      (jobId: string) => {
        const path = `/api/v2/parse/${jobId}`;
        env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getJob, path, times: 9 });
      },
    ],
  ])('are null where %s, and the run goes on', async (_, prepare) => {
    const { report, line } = await reject(prepare);
    env.emulator.faults.clear();
    expect(line?.credits).toBeNull();
    expect(report.credits).toBe(3);
  });

  test('are those of its COMPLETED job if its document could not be collected in time', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const restore = env.emulator.rewrite(TARGETS.getJob, (body) => ({
      ...Object(body),
      markdown: null,
      result_content_metadata: null,
    }));
    const run = await env.batches.start({ ...parse(id), jobTimeout: '3 seconds' });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const report = await run.result();
    restore();
    expect(report.failures).toMatchObject([{ type: 'JobTimedOut' }]);
    expect(report.credits).toBe(3);
    expect(await env.manifest(report.manifest)).toMatchObject([{ status: 'FAILED', credits: 3 }]);
  });

  test('are not asked for where the job itself failed', async () => {
    const { id } = await env.emulator.addDirectory([...files(1), { name: 'broken.pdf', content: '' }]);
    const run = await env.batches.start(parse(id));
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    expect((await run.result()).files).toMatchObject({ completed: 1, failed: 1 });
    const activities = (await env.history(run.workflowId)).map(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
    );
    expect(activities).not.toContain('readJobCredits');
  });
});
