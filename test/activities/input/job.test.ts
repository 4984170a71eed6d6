import { describe, expect, test } from 'vitest';
import { resolveJobInput } from '../../../src/activities/input/index.js';
import { JOB, namesOf, wrongJob } from './invalid-input.js';

describe('the ids that LlamaCloud gave', () => {
  test.each([' pjb-1', 'pjb-1 ', '\u00a0x', 'é', '日本語', 'a/b?c#d', '...', 'x'.repeat(200), '%2e%2e'])(
    'are taken as they are: %j',
    (id) => {
      expect(resolveJobInput({ ...JOB, jobId: id, batchId: id })).toMatchObject({ jobId: id, batchId: id });
    },
  );

  test.each(['', '.', '..', 'a\0', 'a\nb', 'half \ud83d', 'x'.repeat(201), 'x'.repeat(1_900_000), 7, null])(
    'are not %j',
    (id) => {
      expect(namesOf(wrongJob({ jobId: id, batchId: id }))).toEqual(['jobId', 'batchId']);
    },
  );
});

test('a job of a run is taken with all that the run says of it', () => {
  const input = {
    ...JOB,
    projectId: 'prj-1',
    organizationId: 'org-1',
    directoryId: 'dir-1',
    collect: 'text',
    storeId: 'store-1',
    collectTaskQueue: 'llamacloud',
    collectLocally: true,
    timeoutMs: 60_000,
    poll: { initialInterval: 2_000 },
  } as const;
  expect(resolveJobInput(input)).toEqual({
    ...JOB,
    projectId: 'prj-1',
    organizationId: 'org-1',
    collect: 'text',
    storeId: 'store-1',
    poll: { initialInterval: 2_000, latencyRatio: 0.1, maximumInterval: 60_000 },
  });
});

test('every wrong option of a run is named', () => {
  const wrong = {
    storeId: 5,
    directoryId: '',
    collectTaskQueue: '',
    collectLocally: 'yes',
    timeoutMs: Number.NaN,
    name: {},
  };
  expect(namesOf(wrongJob(wrong)).toSorted()).toEqual(Object.keys(wrong).toSorted());
  expect(namesOf(wrongJob({ storeId: 's'.repeat(101) }))).toEqual(['storeId']);
});

test('the name of a file may be anything, and is made one short well-formed line', () => {
  expect(resolveJobInput({ ...JOB, name: ' a\u0000b\n\ud83d.pdf ' }).name).toBe('a b \ufffd.pdf');
  expect(Buffer.byteLength(resolveJobInput({ ...JOB, name: '😀'.repeat(500_000) }).name ?? '')).toBeLessThanOrEqual(
    300,
  );
  expect(resolveJobInput({ ...JOB, name: '' }).name).toBe('');
});
