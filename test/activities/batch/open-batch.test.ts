import { describe, expect, test } from 'vitest';
import type { ProcessBatchInput } from '../../../src/protocol/index.js';
import { addBatch, failing, run, setBench } from '../support.js';

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

test('an input that creates a batch is checked without a request', async () => {
  const { emulator, activities } = await setBench();
  const { request } = await run(activities.openBatch, { directoryId: 'dir-1', job: JOB });
  expect(request).toMatchObject({ directoryId: 'dir-1', job: JOB, collect: 'markdown' });
  expect(emulator.requests).toHaveLength(0);
});

test('search attributes are left out where nobody can say that they are registered', async () => {
  const bench = await setBench();
  const opened = await run(bench.activities.openBatch, { batchId: (await addBatch(bench)).id });
  expect(opened.searchAttributes).toBe(false);
});
