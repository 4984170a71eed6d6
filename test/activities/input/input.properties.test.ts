import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import ms from 'ms';
import { describe, expect, test } from 'vitest';
import {
  checkBatchInput,
  checkDirectoriesInput,
  resolveBatchInput,
  resolveJobInput,
} from '../../../src/activities/input/index.js';
import { duration } from '../../../src/activities/input/schemas.js';
import { isValidId, isValidTemporalName, type ProcessBatchInput, truncateUtf8 } from '../../../src/protocol/index.js';
import { anyJson, anyText, longText, validId } from '../../support/arbitraries.js';

const DAY = 24 * 60 * 60_000;

const text = fc.oneof(anyText(2), longText(), validId());
const anyDuration = fc.oneof(
  fc.integer(),
  fc.double(),
  fc
    .tuple(fc.integer({ min: -9, max: 99_999 }), fc.constantFrom('ms', 's', ' seconds', 'm', 'h', 'd', 'y', ''))
    .map((parts) => parts.join('')),
  anyText(2),
);
const valid: fc.Arbitrary<ProcessBatchInput> = fc.record(
  {
    directoryId: validId(100),
    job: fc.record({ type: fc.constant('parse_v2' as const), configurationId: validId(100) }),
    collect: fc.constantFrom('markdown', 'text', 'items'),
    maxConcurrentJobs: fc.integer({ min: 1, max: 500 }),
    maxFailedFiles: fc.nat(),
    maxFailedPercent: fc.integer({ min: 0, max: 100 }),
    reportedFailures: fc.integer({ min: 0, max: 100 }),
    timeout: fc.integer({ min: 1_000, max: 365 * DAY }),
    onStop: fc.constantFrom('cancel', 'leave'),
    pageSize: fc.integer({ min: 1, max: 1_000 }),
    projectId: validId(),
  },
  { requiredKeys: ['directoryId', 'job'] },
);

/** A valid input, some of whose fields are anything else. */
const nearly = fc
  .tuple(
    valid,
    fc.dictionary(
      fc.constantFrom(
        'directoryId',
        'job',
        'batchId',
        'timeout',
        'poll',
        'child',
        'collect',
        'pageSize',
        'onlyFailed',
        'extra',
        '__proto__',
      ),
      fc.oneof(
        anyJson(),
        text,
        anyDuration,
        fc.record({ type: text, configurationId: text }),
        fc.record({ initialInterval: anyDuration }),
      ),
      { maxKeys: 4 },
    ),
  )
  .map(([input, changes]) => ({ ...input, ...changes }));
const jobInput = fc.record(
  {
    fileId: text,
    jobId: text,
    batchId: text,
    type: fc.constantFrom('parse_v2', 'extract_v2', 'x'),
    name: text,
    poll: anyJson(),
  },
  { requiredKeys: [] },
);

describe('any input of a workflow', () => {
  const checks: [string, (input: never) => unknown, fc.Arbitrary<unknown>][] = [
    ['processBatch', checkBatchInput, nearly],
    [
      'processDirectories',
      checkDirectoriesInput,
      fc.tuple(nearly, anyJson(), fc.array(text)).map(([input, odd, ids]) => ({
        ...input,
        directoryIds: [...ids, ...(typeof odd === 'string' ? [odd] : [])],
        directoryId: undefined,
      })),
    ],
    ['processJob', resolveJobInput, jobInput],
  ];

  test.each(checks)('of %s is taken, or is an InvalidInput that can be shown', (_, check, input) => {
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: input }, anyJson()), (input) => {
        try {
          check(input as never);
        } catch (error) {
          if (!(error instanceof ApplicationFailure)) throw error;
          expect(error).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
          expect(error.message.isWellFormed()).toBe(true);
          expect(error.message).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('that is valid is taken as it is, and taking it again changes nothing', () => {
    fc.assert(
      fc.property(valid, (input) => {
        const checked = checkBatchInput(input);
        expect(checked).toEqual(input);
        const resolved = resolveBatchInput(checked);
        const { timeout, projectId, ...same } = input;
        expect(resolved).toMatchObject({ ...same, ...(timeout === undefined ? {} : { timeoutMs: timeout }) });
        expect(resolved.scope).toEqual(projectId === undefined ? {} : { projectId });
        expect(resolveBatchInput(checkBatchInput(checked as ProcessBatchInput))).toEqual(resolved);
      }),
    );
  });

  test('that is taken has ids that fit a workflow id, without white space around them', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('', ' ', '\n'), (directoryId, space) => {
        const input = {
          directoryId: `${space}${directoryId}${space}`,
          job: { type: 'parse_v2', configurationId: 'cfg-1' },
        } as const;
        fc.pre(isValidId(directoryId.trim()));
        expect(checkBatchInput(input).directoryId).toBe(directoryId.trim());
      }),
    );
  });
});

test('a duration is one second to 365 days as Temporal’s SDK reads it, or is refused', () => {
  fc.assert(
    fc.property(anyDuration, (given) => {
      const parsed = duration.safeParse(given);
      if (parsed.success) {
        expect(parsed.data).toBeGreaterThanOrEqual(1_000);
        expect(parsed.data).toBeLessThanOrEqual(365 * DAY);
        expect(parsed.data).toBe(typeof given === 'number' ? given : ms(given as ms.StringValue));
      } else if (typeof given === 'number') expect(given >= 1_000 && given <= 365 * DAY).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('a name for Temporal is at most 200 bytes of well-formed text without control characters', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        longText(),
        anyText(40),
        anyText(3).map((text) => `__temporal_${text}`),
      ),
      (name) => {
        const isValid =
          name !== '' &&
          name.isWellFormed() &&
          Buffer.byteLength(name) <= 200 &&
          [...name].every((character) => !/\p{Cc}/u.test(character)) &&
          !name.startsWith('__temporal_') &&
          !name.startsWith('/_sys/');
        expect(isValidTemporalName(name)).toBe(isValid);
        if (isValid) expect(truncateUtf8(name, 200)).toBe(name);
      },
    ),
    { numRuns: 300 },
  );
});
