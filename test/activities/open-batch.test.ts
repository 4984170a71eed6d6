import { describe, expect, test } from 'vitest';
import type { ProcessBatchInput } from '../../src/protocol/index.js';
import { addBatch, addDirectory, type Bench, failing, run, setBench } from './support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

function make({ llamacloud }: Bench, sourceDirectoryId: string, configurationId = 'cfg-PARSE_AGENTIC') {
  return llamacloud.createBatch({ sourceDirectoryId, job: { type: 'parse_v2', configurationId } });
}

describe('a wrong input', () => {
  const WRONG = ['null', '[]', '"dir-1"', '{}', '{"directoryId":"dir-1","job":{"type":"parse_v2"},"timeout":"soon"}'];

  test.each(WRONG)('ends the run before anything is sent: %s', async (text) => {
    const { emulator, activities } = await setBench();
    const input: ProcessBatchInput = JSON.parse(text);
    const failure = await failing(activities.openBatch, input);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(emulator.requests).toHaveLength(0);
  });

  test('of a job as well', async () => {
    const { emulator, activities } = await setBench();
    for (const text of WRONG) {
      expect(await failing(activities.collectJob, JSON.parse(text))).toMatchObject({
        type: 'InvalidInput',
        nonRetryable: true,
      });
    }
    expect(emulator.requests).toHaveLength(0);
  });
});

describe('the batches that are there before the run', () => {
  test('are recorded from all pages, whatever their configuration, and of this directory only', async () => {
    const bench = await setBench({ emulator: { defaultPageSize: 2 } });
    const directory = await addDirectory(bench);
    const other = await addDirectory(bench);
    const made = [];
    for (const configurationId of ['cfg-PARSE_FAST', 'cfg-PARSE_AGENTIC', 'cfg-PARSE_FAST', 'cfg-1', 'cfg-1']) {
      made.push((await make(bench, directory.id, configurationId)).id);
      await make(bench, other.id, configurationId);
    }
    const { known } = await run(bench.activities.openBatch, { directoryId: directory.id, job: JOB });
    expect(known?.ids.toSorted()).toEqual(made.toSorted());
  });

  test('are those of the last hour, so that clocks may differ and the record stays small', async () => {
    const bench = await setBench();
    const { id: directoryId } = await addDirectory(bench);
    const { known } = await run(bench.activities.openBatch, { directoryId, job: JOB });
    expect(Date.parse(known?.since ?? '')).toBeCloseTo(Date.now() - 3_600_000, -4);
    expect(bench.emulator.requests.at(-1)?.query).toMatchObject({ created_at_on_or_after: [known?.since] });
  });

  test('are looked for in the project and the organization that the run is for', async () => {
    const bench = await setBench();
    const { id: directoryId } = await addDirectory(bench);
    await run(bench.activities.openBatch, { directoryId, job: JOB, projectId: 'prj-1', organizationId: 'org-1' });
    expect(bench.emulator.requests.at(-1)?.query).toMatchObject({ project_id: ['prj-1'], organization_id: ['org-1'] });
  });

  test('are of no interest where a batch is adopted', async () => {
    const bench = await setBench();
    const { id, directory, requests } = await addBatch(bench);
    const opened = await run(bench.activities.openBatch, { directoryId: directory.id, job: JOB, batchId: id });
    expect(opened.known).toBeUndefined();
    expect(opened.request.batchId).toBe(id);
    expect(requests().map(({ path }) => path)).toEqual([`/api/v2/batches/${id}`]);
  });

  test('that can not be listed are asked for again: a run must not create before it knows', async () => {
    const bench = await setBench();
    bench.emulator.faults.next({ kind: 'status', status: 500 });
    const failure = await failing(bench.activities.openBatch, { directoryId: 'dir-1', job: JOB });
    expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    expect(failure.message).toContain('directory dir-1: LlamaCloud answered 500');
  });
});

describe('a batch that is there', () => {
  test('says itself what it works on, so that its id is enough', async () => {
    const bench = await setBench();
    const { id, directory } = await addBatch(bench, 'extract_v2');
    const { request } = await run(bench.activities.openBatch, { batchId: id });
    expect(request).toMatchObject({
      batchId: id,
      directoryId: directory.id,
      job: { type: 'extract_v2', configurationId: 'cfg-EXTRACT_AGENTIC' },
      collect: 'record',
    });
  });

  test('is not taken for another one', async () => {
    const bench = await setBench();
    const { id } = await addBatch(bench);
    const failure = await failing(bench.activities.openBatch, { batchId: id, directoryId: 'dir-other' });
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(failure.message).toContain('directoryId: is dir-other, but the batch has dir-');
  });

  test('is not adopted after the deadline of the run', async () => {
    const bench = await setBench();
    const { id, requests } = await addBatch(bench);
    const failure = await failing(bench.activities.openBatch, { batchId: id, timeout: '1 minute' }, { ageMs: 60_000 });
    expect(failure).toMatchObject({ type: 'BatchTimedOut', nonRetryable: true });
    expect(requests()).toHaveLength(0);
  });

  test('that does not exist ends the run at once', async () => {
    const { activities } = await setBench();
    const failure = await failing(activities.openBatch, { batchId: 'bat-none' });
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: true });
    expect(failure.message).toContain('batch bat-none');
  });
});

test('search attributes are left out where nobody can say that they are registered', async () => {
  const bench = await setBench();
  const opened = await run(bench.activities.openBatch, { batchId: (await addBatch(bench)).id });
  expect(opened.searchAttributes).toBe(false);
});
