import { describe, expect, test } from 'vitest';
import type { ProcessBatchInput } from '../../../src/protocol/index.js';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { type ActivityEnvironment, addBatch, failing, run, startActivityEnvironment } from '../support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

describe('a wrong input', () => {
  const WRONG = ['null', '[]', '"dir-1"', '{}', '{"directoryId":"dir-1","job":{"type":"parse_v2"},"timeout":"soon"}'];

  test.each(WRONG)('ends the run before anything is sent: %s', async (text) => {
    const { emulator, activities } = await startActivityEnvironment();
    const input: ProcessBatchInput = JSON.parse(text);
    const failure = await failing(activities.openBatch, input);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(emulator.requests).toHaveLength(0);
  });

  test('also for a job', async () => {
    const { emulator, activities } = await startActivityEnvironment();
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
    const env = await startActivityEnvironment();
    const { id, directory } = await addBatch(env, 'extract_v2');
    const { input } = await run(env.activities.openBatch, { batchId: id });
    expect(input).toMatchObject({
      batchId: id,
      directoryId: directory.id,
      job: { type: 'extract_v2', configurationId: 'cfg-EXTRACT_AGENTIC' },
      collect: 'record',
    });
  });

  test('has to match the input', async () => {
    const env = await startActivityEnvironment();
    const { id } = await addBatch(env);
    const failure = await failing(env.activities.openBatch, { batchId: id, directoryId: 'dir-other' });
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(failure.message).toContain('directoryId: is dir-other, but the batch has dir-');
  });

  test('is not adopted after the deadline of the run', async () => {
    const env = await startActivityEnvironment();
    const { id, requests } = await addBatch(env);
    const failure = await failing(env.activities.openBatch, { batchId: id, timeout: '1 minute' }, { ageMs: 60_000 });
    expect(failure).toMatchObject({ type: 'BatchTimedOut', nonRetryable: true });
    expect(failure.message).toBe(`the run's checks of batch ${id} did not finish within 60 s (the run's timeout)`);
    expect(requests()).toHaveLength(0);
  });

  test('that does not exist ends the run at once', async () => {
    const { activities } = await startActivityEnvironment();
    const failure = await failing(activities.openBatch, { batchId: 'bat-none' });
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: true });
    expect(failure.message).toContain('batch bat-none');
  });
});

describe('the files of the directory', () => {
  const open = async (env: ActivityEnvironment, count: number) => {
    const { id: directoryId } = await env.emulator.addDirectory(
      Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: '#' })),
    );
    return run(env.activities.openBatch, { directoryId, job: JOB });
  };

  test('are counted over several pages', async () => {
    const env = await startActivityEnvironment();
    expect(await open(env, 230)).toMatchObject({
      input: { job: JOB, collect: 'markdown' },
      directoryFileCount: 230,
    });
    expect(env.emulator.requests.map(({ path }) => path)).toEqual(Array(3).fill(expect.stringMatching(/files$/)));
  });

  test('are counted by one request where requests are limited, or not at all', async () => {
    const env = await startActivityEnvironment({ requestsPerSecond: 1 });
    expect((await open(env, 100)).directoryFileCount).toBe(100);
    expect((await open(env, 101)).directoryFileCount).toBeNull();
    expect(env.emulator.requests).toHaveLength(2);
  });

  const FAULTS: [string, Fault][] = [
    ['fails', { kind: 'status', status: 500 }],
    ['rejects the key', { kind: 'status', status: 401 }],
    ['is not there', { kind: 'status', status: 404 }],
    ['does not answer', { kind: 'delay', delayMs: 60_000 }],
    ['gives no JSON', { kind: 'html' }],
  ];
  test.each(FAULTS)('are not known where their list %s, and the run is opened all the same', async (_, fault) => {
    const env = await startActivityEnvironment();
    env.emulator.faults.next({ ...fault, ...TARGETS.listFiles });
    expect(await open(env, 3)).toMatchObject({ input: { job: JOB }, directoryFileCount: null });
    expect(env.emulator.faults.planned).toBe(0);
  });
});

test('search attributes are left out where it is not known whether they are registered', async () => {
  const env = await startActivityEnvironment();
  const opened = await run(env.activities.openBatch, { batchId: (await addBatch(env)).id });
  expect(opened.searchAttributes).toBe(false);
});
