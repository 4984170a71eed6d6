import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_ID_MEMO } from '../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../src/testing/index.js';
import { failureOf } from '../support/failure.js';
import { files, parse, type Stage, setStage } from '../support/stage.js';
import { until } from '../support/until.js';

const POST = { method: 'POST', path: '/api/v2/batches' };

describe('one batch for one run, on a real server', () => {
  let temporal: LocalTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    stage = await setStage(temporal);
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  const directory = async (count = 1) => (await stage.emulator.addDirectory(files(count))).id;
  const batchesOver = (id: string) => stage.emulator.batches.list().filter((batch) => batch.directoryId === id);

  test('two runs over one directory at once, both of whose answers were lost, have a batch each', async () => {
    const id = await directory();
    stage.emulator.faults.next({ kind: 'reset-after', ...POST, times: 2 });
    const runs = await Promise.all(
      ['a', 'b'].map((name) => stage.batches.start(parse(id), { workflowId: `${name}-${id}` })),
    );
    const reports = await Promise.all(runs.map((run) => run.result()));
    expect(reports.map((report) => report.batchId).sort()).toEqual(
      batchesOver(id)
        .map((batch) => batch.id)
        .sort(),
    );
    expect(new Set(reports.map((report) => report.batchId)).size).toBe(2);
  }, 120_000);

  test('a run whose request was lost does not take the batch of another run for its own', async () => {
    const id = await directory();
    const before = stage.emulator.requests.length;
    stage.emulator.faults.next({ kind: 'reset-before', ...POST });
    const slow = await stage.batches.start(parse(id), { workflowId: `slow-${id}` });
    await until('the lost request', () =>
      stage.emulator.requests.slice(before).some(({ method, status }) => method === 'POST' && status === 0),
    );
    const other = await stage.batches.start(parse(id), { workflowId: `other-${id}` });
    const [mine, theirs] = await Promise.all([slow.result(), other.result()]);
    expect(mine.batchId).not.toBe(theirs.batchId);
    expect(batchesOver(id)).toHaveLength(2);
  });

  test('a run that waits its turn at the create does not make others pay twice', async () => {
    const id = await directory();
    const rejected = () =>
      stage.emulator.requests.filter(({ method, status }) => method === 'POST' && status === 429).length;
    const before = rejected();
    stage.emulator.faults.next({ kind: 'status', status: 429, retryAfter: 8, ...POST });
    const first = await stage.batches.start(parse(id), { workflowId: `first-${id}` });
    await until('the first to be told to wait', () => rejected() > before);
    stage.emulator.faults.next({ kind: 'error-after', ...POST });
    const second = await stage.batches.start(parse(id), { workflowId: `second-${id}` });
    const reports = await Promise.all([first.result(), second.result()]);
    expect(new Set(reports.map(({ batchId }) => batchId)).size).toBe(2);
    expect(batchesOver(id)).toHaveLength(2);
  }, 120_000);

  test('somebody else’s batch of another configuration is not taken', async () => {
    const id = await directory();
    const before = stage.emulator.requests.length;
    stage.emulator.faults.next({ kind: 'reset-before', ...POST });
    const run = await stage.batches.start(parse(id));
    await until('the lost request', () =>
      stage.emulator.requests.slice(before).some(({ method, status }) => method === 'POST' && status === 0),
    );
    const response = await fetch(`${stage.emulator.url}/api/v2/batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stage.emulator.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        source_directory_id: id,
        config: { job: { type: 'parse_v2', configuration_id: 'cfg-other' } },
      }),
    });
    expect(response.status).toBe(201);
    const { batchId } = await run.result();
    expect(batchesOver(id).find((batch) => batch.id === batchId)?.configurationId).toBe('cfg-PARSE_AGENTIC');
    expect(batchesOver(id)).toHaveLength(2);
  });

  test('a run that is cancelled while the answer to its create is lost cancels that batch', async () => {
    const slow = await setStage(temporal, { emulator: { seed: 8, batchRunningMs: 3_600_000 } });
    const { id } = await slow.emulator.addDirectory(files(1));
    slow.emulator.faults.next({ kind: 'error-after', ...POST });
    const run = await slow.batches.start(parse(id));
    const seen = (method: string, status: number) =>
      slow.emulator.requests.some((request) => request.method === method && request.status === status);
    await until('the lost answer', () => seen('POST', 502));
    // The next attempt, which would find the batch, is 15 s away.
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    expect(slow.emulator.batches.list().map((batch) => batch.status)).toEqual(['CANCELLED']);
    const { memo } = await slow.client.workflow.getHandle(run.workflowId).describe();
    expect(memo?.[BATCH_ID_MEMO]).toBe(slow.emulator.batches.list()[0]?.id);
    await slow.close();
  });

  test('only what has no document is processed again, and a second time nothing', async () => {
    const { id } = await stage.emulator.addDirectory([...files(2), { name: 'late.md', content: '# Late\n' }]);
    const first = await stage.batches.start(parse(id));
    const batch = await stage.created(id);
    const late = batch.files.find((file) => file.name === 'late.md');
    stage.emulator.jobs.setStatus(late?.jobId ?? '', 'FAILED', 'out of paper');
    const before = await first.result();
    expect(before.files).toMatchObject({ completed: 2, failed: 1 });

    stage.emulator.jobs.setStatus(late?.jobId ?? '', null);
    const again = async (name: string) => {
      const asked = stage.emulator.requests.length;
      const run = await stage.batches.start(
        { batchId: before.batchId, onlyFailed: true },
        { workflowId: `${name}-${id}` },
      );
      const report = await run.result();
      const jobs = stage.emulator.requests.slice(asked).filter(({ path }) => path.startsWith('/api/v2/parse/')).length;
      return { report, jobs, lines: await stage.manifest(report.manifest) };
    };
    const second = await again('second');
    expect(second.jobs).toBe(1);
    expect(second.report).toMatchObject({ batchId: before.batchId, files: { total: 3, completed: 3, failed: 0 } });
    const third = await again('third');
    expect(third.jobs).toBe(0);
    expect(third.lines).toEqual(second.lines);
    expect(third.report).toEqual(second.report);
    expect(batchesOver(id)).toHaveLength(1);
  });
});
