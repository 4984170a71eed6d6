import { describe, expect, test } from 'vitest';
import { checkDirectoriesInput, resolveJobInput } from '../../../src/activities/input/index.js';
import type { ProcessBatchInput } from '../../../src/protocol/index.js';
import { BATCH, JOB, namesOf, resolved, untyped, wrongBatch, wrongInput, wrongJob } from './invalid-input.js';

const HUGE = 1_900_000;

/** What an id of the caller's can't be. */
const NO_IDS: [string, unknown][] = [
  ['half a surrogate pair', 'dir-\ud83d'],
  ['the other half', '\ude00dir'],
  ['a control character', 'dir\u0000'],
  ['an escape', '\u001b[31m'],
  ['a line break inside', 'dir\n1'],
  ['a space inside', 'dir 1'],
  ['an accent', 'dïr'],
  ['a slash', 'dir-1/parse_v2/cfg-1'],
  ['an emoji', '😀'],
  ['101 characters', 'd'.repeat(101)],
  ['1.9 MB', 'd'.repeat(HUGE)],
  ['1.9 MB of spaces', ' '.repeat(HUGE)],
  ['nothing', ''],
  ['.', '.'],
  ['..', ' .. '],
  ['a number', 1],
  ['an object that calls itself text', { toString: () => 'dir-1', length: 5 }],
];

describe.each(NO_IDS)('%s is no id', (_, value) => {
  test('of a batch', () => {
    const fields = ['directoryId', 'job.configurationId', 'batchId', 'projectId', 'organizationId'];
    const wrong = wrongBatch({
      directoryId: value,
      batchId: value,
      projectId: value,
      organizationId: value,
      job: { type: 'parse_v2', configurationId: value },
    });
    expect(namesOf(wrong).toSorted()).toEqual(fields.toSorted());
  });

  test('of a job', () => {
    expect(namesOf(wrongJob({ fileId: value, projectId: value, organizationId: value })).toSorted()).toEqual(
      ['fileId', 'organizationId', 'projectId'].toSorted(),
    );
  });

  test('of a directory in a list', () => {
    const input = { directoryIds: ['dir-1', value], job: BATCH.job };
    expect(namesOf(wrongInput(() => checkDirectoriesInput(untyped(input))))).toEqual(['directoryIds.1']);
  });
});

describe('an id of the caller', () => {
  test('may have 100 characters, and loses the space around it', () => {
    const id = '~'.repeat(100);
    expect(resolved({ ...BATCH, directoryId: ` ${id}\n` }).directoryId).toBe(id);
    expect(resolveJobInput({ ...JOB, fileId: ` ${id}\t` }).fileId).toBe(id);
  });
});

/** Names that stand on every object. */
const INHERITED = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];

describe('a key that is unknown', () => {
  const withKey = (base: object, key: string): object =>
    Object.defineProperty({ ...base }, key, { value: { directoryId: 'x' }, enumerable: true });

  // The title has a name: one with a huge key would fill the log.
  test.each([
    ...[...INHERITED, 'a.b', '', '\ud83d', '\u0000'].map((key) => [JSON.stringify(key), key] as const),
    ...['x', '"', '\ud83d'].map((text) => [`1.9 MB of ${JSON.stringify(text)}`, text.repeat(HUGE)] as const),
  ])('is an error, such as %s', (_, key) => {
    expect(namesOf(wrongInput(() => resolved(untyped(withKey(BATCH, key)))))).toEqual(['(input)']);
    expect(namesOf(wrongInput(() => resolveJobInput(untyped(withKey(JOB, key)))))).toEqual(['(input)']);
    for (const part of ['poll', 'child']) expect(namesOf(wrongBatch({ [part]: withKey({}, key) }))).toEqual([part]);
    expect(namesOf(wrongBatch({ job: withKey(BATCH.job, key) }))).toEqual(['job']);
  });

  test('is one error beside those of the known ones, however many there are', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key-${i}`, i]));
    expect(namesOf(wrongBatch({ ...many, pageSize: 0 })).toSorted()).toEqual(['(input)', 'pageSize']);
  });
});

test.each(INHERITED)('%s is no value of a field with a few values', (value) => {
  const changes = { collect: value, onStop: value, job: { type: value, configurationId: 'cfg-1' } };
  expect(namesOf(wrongBatch(changes)).toSorted()).toEqual(['collect', 'job.type', 'onStop']);
});

test.each([
  ['text', 'x'.repeat(HUGE)],
  ['half surrogate pairs', '\ud83d'.repeat(HUGE)],
  ['a list', Array.from({ length: 100_000 }, () => '')],
  ['numbers', '9'.repeat(HUGE)],
])('every field of 1.9 MB of %s is wrong, and said to be in a few kilobytes', (_, value) => {
  const fields = [
    ...['directoryId', 'job', 'batchId', 'collect', 'maxConcurrentJobs', 'maxFailedFiles', 'maxFailedPercent'],
    ...['reportedFailures', 'child', 'poll', 'timeout', 'onStop', 'jobTimeout', 'pageSize', 'resultsGracePeriod'],
    ...['projectId', 'organizationId', 'onlyMissing'],
  ] as const satisfies (keyof ProcessBatchInput)[];
  const wrong = wrongBatch(Object.fromEntries(fields.map((field) => [field, value])));
  expect(namesOf(wrong).toSorted()).toEqual(fields.toSorted());
});

test.each([
  ['objects', { a: { b: 1 } }],
  ['half surrogate pairs', '\ud83d'],
  ['texts of quotes', '"'.repeat(2_000)],
  ['nulls', null],
])('thousands of wrong directories that are %s leave room for the other fields', (_, value) => {
  const directoryIds = Array.from({ length: 9_000 }, () => value);
  const job = { type: 'parse_v3', configurationId: '' };
  const input = { directoryIds, job, pageSize: 0, poll: 5, ['x'.repeat(100_000)]: 1 };
  const fields = wrongInput(() => checkDirectoriesInput(untyped(input)));
  expect(namesOf(fields)).toEqual(
    expect.arrayContaining(['job.type', 'job.configurationId', 'pageSize', 'poll', '(input)']),
  );
  expect(namesOf(fields).filter((name) => name.startsWith('directoryIds'))).toHaveLength(20);
  expect(fields.at(-1)).toMatch(/^and \d+ more$/);
});

describe("Temporal's names", () => {
  const unusable = [
    '',
    ' ',
    'a\0b',
    'half \ud83d',
    'x'.repeat(201),
    'é'.repeat(101),
    '/_sys/queue',
    '__temporal_system',
    5,
    null,
  ];

  test.each<[string, unknown]>([
    ...unusable.map((value): [string, unknown] => [JSON.stringify(value), value]),
    ['1.9 MB', 'x'.repeat(HUGE)],
  ])('are not %s', (_, value) => {
    expect(namesOf(wrongBatch({ child: { workflowType: value, taskQueue: value } }))).toEqual([
      'child.workflowType',
      'child.taskQueue',
    ]);
    expect(namesOf(wrongJob({ collectTaskQueue: value }))).toEqual(['collectTaskQueue']);
  });

  test.each(['x'.repeat(200), 'é'.repeat(100), 'with space', 'a/b:c', 'search-v2'])('may be %j', (value) => {
    const { child } = resolved({ ...BATCH, child: { workflowType: value, taskQueue: ` ${value} ` } });
    expect(child).toEqual({ workflowType: value, taskQueue: value });
  });
});
