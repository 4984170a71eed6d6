import { describe, expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import { type batchInputSchema, type jobInputSchema, resolveJobInput } from '../../../src/activities/input/index.js';
import type { ProcessBatchInput, ProcessJobInput } from '../../../src/protocol/index.js';
import { BATCH, JOB, namesOf, resolved, untyped, wrongBatch, wrongInput, wrongJob } from './invalid-input.js';

const DAY = 24 * 60 * 60_000;

describe('options that are left out have the documented defaults', () => {
  test('for a batch', () => {
    expect(resolved(BATCH)).toEqual({
      scope: {},
      directoryId: 'dir-1',
      job: { type: 'parse_v2', configurationId: 'cfg-1' },
      collect: 'markdown',
      maxConcurrentJobs: 40,
      reportedFailures: 100,
      child: { workflowType: 'processJob' },
      poll: { initialInterval: 1_000, latencyRatio: 0.1, maximumInterval: 60_000 },
      timeoutMs: 7 * DAY,
      jobTimeoutMs: DAY,
      stuckAfterMs: 7_200_000,
      resultsGraceMs: 120_000,
      pageSize: 1_000,
      onlyMissing: false,
      onStop: 'cancel',
    });
  });

  test('for a job', () => {
    expect(resolveJobInput(JOB)).toEqual({
      ...JOB,
      collect: 'markdown',
      poll: { initialInterval: 1_000, latencyRatio: 0.1, maximumInterval: 60_000 },
    });
  });

  test('the record of an extract job', () => {
    const job = { type: 'extract_v2', configurationId: 'cfg-1' } as const;
    expect(resolved({ ...BATCH, job }).collect).toBe('record');
    expect(resolveJobInput({ ...JOB, type: 'extract_v2' }).collect).toBe('record');
  });
});

test('options that are given are used, durations in milliseconds, ids without the space around them', () => {
  const all: Omit<Required<ProcessBatchInput>, 'corpusPart'> = {
    directoryId: ' dir-1\n',
    job: { type: 'parse_v2', configurationId: 'cfg-1' },
    batchId: 'bat-1',
    collect: 'text',
    maxConcurrentJobs: 500,
    maxFailedFiles: 0,
    maxFailedPercent: 12.5,
    reportedFailures: 3,
    retryFailed: 5,
    child: { workflowType: 'mine', taskQueue: 'gpu' },
    poll: { initialInterval: '30 seconds', latencyRatio: 0, maximumInterval: '1 hour' },
    timeout: '2 days',
    jobTimeout: 90_000,
    stuckAfter: '20 minutes',
    resultsGracePeriod: '5m',
    pageSize: 50,
    onlyMissing: true,
    onStop: 'leave',
    projectId: 'prj-1',
    organizationId: 'org-1',
  };
  expect(resolved(all)).toEqual({
    scope: { projectId: 'prj-1', organizationId: 'org-1' },
    directoryId: 'dir-1',
    job: { type: 'parse_v2', configurationId: 'cfg-1' },
    batchId: 'bat-1',
    collect: 'text',
    maxConcurrentJobs: 500,
    maxFailedFiles: 0,
    maxFailedPercent: 12.5,
    reportedFailures: 3,
    retryFailed: 5,
    child: { workflowType: 'mine', taskQueue: 'gpu' },
    poll: { initialInterval: 30_000, latencyRatio: 0, maximumInterval: 3_600_000 },
    timeoutMs: 2 * DAY,
    jobTimeoutMs: 90_000,
    stuckAfterMs: 1_200_000,
    resultsGraceMs: 300_000,
    pageSize: 50,
    onlyMissing: true,
    onStop: 'leave',
  });
});

describe('every wrong field is named at once', () => {
  test('types, ranges, misspelt options and rules about several fields together', () => {
    const fields = wrongBatch({
      directoryId: '',
      collect: 'record',
      projectId: 5,
      batchId: null,
      maxConcurrentJobs: 501,
      maxFailedFiles: -1,
      pageSize: 0,
      onlyMissing: 'yes',
      onStop: 'panic',
      maxFailedPercent: 101,
      reportedFailures: 101,
      retryFailed: 6,
      child: { workflowType: '', queue: 'x' },
      poll: { initialInterval: '2 minutes', maximumInterval: '1 minute', latencyRatio: -0.5 },
      timeout: 'tomorrow',
      tiemout: '5 minutes',
    });
    expect(namesOf(fields).sort()).toEqual(
      [
        '(input)',
        'batchId',
        'child',
        'child.workflowType',
        'collect',
        'directoryId',
        'maxConcurrentJobs',
        'maxFailedFiles',
        'maxFailedPercent',
        'onStop',
        'onlyMissing',
        'pageSize',
        'poll.latencyRatio',
        'poll.maximumInterval',
        'projectId',
        'reportedFailures',
        'retryFailed',
        'timeout',
      ].sort(),
    );
    expect(fields).toContainEqual(expect.stringContaining('"tiemout"'));
    expect(fields).toContainEqual(expect.stringContaining('"queue"'));
  });

  test('also for a job', () => {
    const fields = wrongJob({
      fileId: undefined,
      jobId: 7,
      type: 'split_v1',
      batchId: '',
      timeoutMs: 0,
      poll: [],
      x: 1,
    });
    expect(namesOf(fields).sort()).toEqual(['(input)', 'batchId', 'fileId', 'jobId', 'poll', 'timeoutMs', 'type']);
    expect(namesOf(wrongJob({ collect: 'record', fileId: '' }))).toEqual(['fileId', 'collect']);
  });

  test('a missing job is one wrong field, and fields that depend on it are not', () => {
    const noJob = untyped<ProcessBatchInput>({ directoryId: 'dir-1', collect: 'record' });
    expect(namesOf(wrongInput(() => resolved(noJob)))).toEqual(['job']);
  });

  test('without an existing batch, both directory and job are needed', () => {
    expect(wrongInput(() => resolved(untyped({})))).toEqual([
      'directoryId: is needed, unless there is a batchId',
      'job: is needed, unless there is a batchId',
    ]);
  });

  test.each([null, undefined, [], 'dir-1', 5, true])('%j is no input', (value) => {
    expect(namesOf(wrongInput(() => resolved(untyped(value))))).toEqual(['(input)']);
    expect(namesOf(wrongInput(() => resolveJobInput(untyped(value))))).toEqual(['(input)']);
  });

  test('a collect format has to match the job type', () => {
    expect(namesOf(wrongBatch({ collect: 'record' }))).toEqual(['collect']);
    const job = { type: 'extract_v2', configurationId: 'cfg-1' };
    for (const collect of ['markdown', 'text', 'items'])
      expect(namesOf(wrongBatch({ job, collect }))).toEqual(['collect']);
  });

  test('only the failed files of a batch can be had where there is a batch', () => {
    expect(namesOf(wrongBatch({ onlyMissing: true, directoryId: '' }))).toEqual(['directoryId', 'onlyMissing']);
    expect(resolved({ ...BATCH, onlyMissing: false }).onlyMissing).toBe(false);
  });

  test.each(['.', '..', ' .. '])('%j as an id would lead to another route', (id) => {
    expect(namesOf(wrongBatch({ directoryId: id, batchId: id }))).toEqual(['directoryId', 'batchId']);
    expect(namesOf(wrongJob({ jobId: id.trim(), batchId: id.trim() }))).toEqual(['jobId', 'batchId']);
  });

  test('and no value is repeated: it may be a secret in the wrong place', () => {
    expect(wrongBatch({ job: 'llx-secret', projectId: ['llx-secret'], collect: 'llx-secret' }).join()).not.toContain(
      'llx-',
    );
  });
});

describe('a duration', () => {
  const NONE = [
    0,
    -5_000,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    999,
    '',
    '999 ms',
    '-1 minute',
    '1 moon',
    'x'.repeat(200),
  ];

  test.each([...NONE, '9'.repeat(90), `${'9'.repeat(90)}y`, null, {}, true])('is not %j', (value) => {
    expect(
      namesOf(wrongBatch({ timeout: value, jobTimeout: value, stuckAfter: value, resultsGracePeriod: value })),
    ).toEqual(['timeout', 'jobTimeout', 'stuckAfter', 'resultsGracePeriod']);
    expect(namesOf(wrongJob({ timeoutMs: value }))).toEqual(['timeoutMs']);
    const poll = { initialInterval: value, maximumInterval: value };
    expect(namesOf(wrongJob({ poll }))).toEqual(['poll.initialInterval', 'poll.maximumInterval']);
  });

  test.each([
    ['1 second', 1_000],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['365 days', 365 * DAY],
    [1_000, 1_000],
  ] as const)('may be %j', (value, milliseconds) => {
    expect(resolved({ ...BATCH, timeout: value }).timeoutMs).toBe(milliseconds);
  });

  test('between two polls is at most an hour', () => {
    expect(namesOf(wrongBatch({ poll: { maximumInterval: '61 minutes' } }))).toEqual(['poll.maximumInterval']);
  });

  test('before the second poll may be longer than the default of the longest', () => {
    const { poll } = resolved({ ...BATCH, poll: { initialInterval: '5 minutes' } });
    expect(poll).toMatchObject({ initialInterval: 300_000, maximumInterval: 300_000 });
  });
});

test('the schemas and the documented interfaces have the same keys, and every documented input fits', () => {
  type BatchInput = z.input<typeof batchInputSchema>;
  type JobInput = z.input<typeof jobInputSchema>;
  expectTypeOf<keyof BatchInput>().toEqualTypeOf<keyof ProcessBatchInput>();
  expectTypeOf<keyof NonNullable<BatchInput['job']>>().toEqualTypeOf<keyof NonNullable<ProcessBatchInput['job']>>();
  expectTypeOf<keyof NonNullable<BatchInput['poll']>>().toEqualTypeOf<keyof NonNullable<ProcessBatchInput['poll']>>();
  expectTypeOf<keyof NonNullable<BatchInput['child']>>().toEqualTypeOf<keyof NonNullable<ProcessBatchInput['child']>>();
  expectTypeOf<keyof JobInput>().toEqualTypeOf<keyof ProcessJobInput>();
  expectTypeOf<ProcessBatchInput>().toExtend<BatchInput>();
  expectTypeOf<ProcessJobInput>().toExtend<JobInput>();
});
