import { describe, expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import { checkDirectoriesInput, type directoriesInputSchema } from '../../../src/activities/input/index.js';
import type { ProcessDirectoriesInput } from '../../../src/protocol/index.js';
import { namesOf, untyped, wrongInput } from './invalid-input.js';

const INPUT: ProcessDirectoriesInput = {
  directoryIds: ['dir-1', 'dir-2'],
  job: { type: 'parse_v2', configurationId: 'cfg-1' },
};

const wrong = (changes: object) => wrongInput(() => checkDirectoriesInput(untyped({ ...INPUT, ...changes })));
const ids = (count: number) => Array.from({ length: count }, (_, i) => `dir-${i}`);

describe('the input of a run over many directories', () => {
  test('has documented defaults, and the checked input leaves out the directories', () => {
    expect(checkDirectoriesInput(INPUT)).toEqual({ scope: {}, job: INPUT.job, maxConcurrentBatches: 3, total: 2 });
    expect(checkDirectoriesInput({ ...INPUT, projectId: ' prj-1 ' }).scope).toEqual({ projectId: 'prj-1' });
    expect(checkDirectoriesInput({ ...INPUT, maxConcurrentBatches: 50 }).maxConcurrentBatches).toBe(50);
  });

  test('names every wrong field at once, also those of the batch options', () => {
    const fields = wrong({
      directoryIds: ['dir-1', '', 'dir-1'],
      maxConcurrentBatches: 0,
      reportedFailures: 6,
      collect: 'record',
      poll: { initialInterval: '1 moon' },
      batchId: 'bat-1',
      onlyMissing: true,
    });
    expect(namesOf(fields).sort()).toEqual(
      [
        '(input)',
        'collect',
        'directoryIds',
        'directoryIds.1',
        'maxConcurrentBatches',
        'poll.initialInterval',
        'reportedFailures',
      ].sort(),
    );
    expect(fields).toContainEqual(expect.stringContaining('"batchId", "onlyMissing"'));
  });

  test('has 1 to 10,000 directories, none twice', () => {
    for (const directoryIds of [[], ids(10_001), ['dir-1', ' dir-1'], 'dir-1', null])
      expect(namesOf(wrong({ directoryIds }))).toEqual(['directoryIds']);
    expect(wrong({ directoryIds: [...ids(3), 'dir-1'] })).toEqual([
      'directoryIds: must not repeat a directory: directoryIds[3] repeats directoryIds[1]',
    ]);
    expect(checkDirectoriesInput({ ...INPUT, directoryIds: ids(10_000) }).total).toBe(10_000);
  });

  test('with thousands of wrong directories is a failure that fits into history', () => {
    const fields = wrong({ directoryIds: ids(5_000).map(() => '') });
    expect(fields).toHaveLength(21);
    expect(fields.at(-1)).toBe('and 4981 more');
  });

  test('has the keys of the documented interface, and takes every documented input', () => {
    type Input = z.input<typeof directoriesInputSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof ProcessDirectoriesInput>();
    expectTypeOf<ProcessDirectoriesInput>().toExtend<Input>();
  });
});
