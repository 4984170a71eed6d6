import { describe, expect, test } from 'vitest';
import type { ProcessBatchInput } from '../../../src/protocol/index.js';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { addBatch, type Bench, failing, run, setBench } from '../support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

describe('a wrong input', () => {
  const WRONG = ['null', '[]', '"dir-1"', '{}', '{"directoryId":"dir-1","job":{"type":"parse_v2"},"timeout":"soon"}'];

  test.each(WRONG)('ends the run before anything is sent: %s', async (text) => {
    const { emulator, activities } = await setBench();
    const input: ProcessBatchInput = JSON.parse(text);
    const failure = await failing(activities.openBatch, input);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(emulator.requests).toHaveLength(0);
  });

  test('also for a job', async () => {
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

describe('a batch that is there', () => {
  test('gives its directory and its job, so that its id is enough', async () => {
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

  test('has to match the input', async () => {
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
    expect(failure.message).toBe(`the run's checks of batch ${id} did not finish within 60 s (the run's timeout)`);
    expect(requests()).toHaveLength(0);
  });

  test('that does not exist ends the run at once', async () => {
    const { activities } = await setBench();
    const failure = await failing(activities.openBatch, { batchId: 'bat-none' });
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: true });
    expect(failure.message).toContain('batch bat-none');
  });
});

describe('the files of the directory', () => {
  const open = async (bench: Bench, count: number) => {
    const { id: directoryId } = await bench.emulator.addDirectory(
      Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: '#' })),
    );
    return run(bench.activities.openBatch, { directoryId, job: JOB });
  };

  test('are counted over several pages', async () => {
    const bench = await setBench();
    expect(await open(bench, 230)).toMatchObject({
      request: { job: JOB, collect: 'markdown' },
      directoryFileCount: 230,
    });
    expect(bench.emulator.requests.map(({ path }) => path)).toEqual(Array(3).fill(expect.stringMatching(/files$/)));
  });

  test('are counted by one request where requests are limited, or not at all', async () => {
    const bench = await setBench({ requestsPerSecond: 1 });
    expect((await open(bench, 100)).directoryFileCount).toBe(100);
    expect((await open(bench, 101)).directoryFileCount).toBeNull();
    expect(bench.emulator.requests).toHaveLength(2);
  });

  const FAULTS: [string, Fault][] = [
    ['fails', { kind: 'status', status: 500 }],
    ['rejects the key', { kind: 'status', status: 401 }],
    ['is not there', { kind: 'status', status: 404 }],
    ['does not answer', { kind: 'delay', delayMs: 60_000 }],
    ['gives no JSON', { kind: 'html' }],
  ];
  test.each(FAULTS)('are not known where their list %s, and the run is opened all the same', async (_, fault) => {
    const bench = await setBench();
    bench.emulator.faults.next({ ...fault, ...TARGETS.listFiles });
    expect(await open(bench, 3)).toMatchObject({ request: { job: JOB }, directoryFileCount: null });
    expect(bench.emulator.faults.planned).toBe(0);
  });
});

test('search attributes are left out where it is not known whether they are registered', async () => {
  const bench = await setBench();
  const opened = await run(bench.activities.openBatch, { batchId: (await addBatch(bench)).id });
  expect(opened.searchAttributes).toBe(false);
});
