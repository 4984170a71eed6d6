import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  batchInputSchema,
  checkBatchInput,
  directoriesInputSchema,
  jobInputSchema,
  resolveBatchInput,
} from '../../../src/activities/input/index.js';
import { parseInput } from '../../../src/activities/input/parse-input.js';
import { duration } from '../../../src/activities/input/schemas.js';
import { isValidId, isValidTemporalName, type ProcessBatchInput, truncateUtf8 } from '../../../src/protocol/index.js';
import { anyJson, anyText, longText, validId } from '../../support/arbitraries.js';

const DAY = 24 * 60 * 60_000;

const text = fc.oneof(anyText(2), longText(), validId());
const UNIT_MS = { ms: 1, s: 1_000, ' seconds': 1_000, m: 60_000, h: 3_600_000, ' days': DAY } as const;
const durationText = fc
  .tuple(fc.integer({ min: -9, max: 99_999 }), fc.constantFrom(...Object.entries(UNIT_MS)))
  .map(([count, [unit, unitMs]]) => ({ text: `${count}${unit}`, expectedMs: count * unitMs }));
const anyDuration = fc.oneof(
  fc.integer(),
  fc.double(),
  durationText.map(({ text }) => text),
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
        'onlyMissing',
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
  const checks: [string, z.ZodType, fc.Arbitrary<unknown>][] = [
    ['processBatch', batchInputSchema, nearly],
    [
      'processDirectories',
      directoriesInputSchema,
      fc.tuple(nearly, anyJson(), fc.array(text)).map(([input, odd, ids]) => ({
        ...input,
        directoryIds: [...ids, ...(typeof odd === 'string' ? [odd] : [])],
        directoryId: undefined,
      })),
    ],
    ['processJob', jobInputSchema, jobInput],
  ];

  test.each(checks)('of %s is taken, or is an InvalidInput that can be shown', (workflow, schema, input) => {
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: input }, anyJson()), (input) => {
        try {
          parseInput(schema, input, workflow);
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

  test('that is valid is taken as it is', () => {
    fc.assert(
      fc.property(valid, (input) => {
        const checked = checkBatchInput(input);
        expect(checked).toEqual(input);
        const resolved = resolveBatchInput(checked);
        const { timeout, projectId, ...same } = input;
        expect(resolved).toMatchObject({ ...same, ...(timeout === undefined ? {} : { timeoutMs: timeout }) });
        expect(resolved.scope).toEqual(projectId === undefined ? {} : { projectId });
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

describe('a duration', () => {
  const isAllowed = (ms: number) => ms >= 1_000 && ms <= 365 * DAY;

  test('is one second to 365 days, or is refused', () => {
    fc.assert(
      fc.property(anyDuration, (given) => {
        const parsed = duration.safeParse(given);
        if (parsed.success) expect(isAllowed(parsed.data)).toBe(true);
        if (typeof given === 'number') expect(parsed.data).toBe(isAllowed(given) ? given : undefined);
      }),
      { numRuns: 300 },
    );
  });

  test('may be a text with a unit', () => {
    fc.assert(
      fc.property(durationText, ({ text, expectedMs }) => {
        expect(duration.safeParse(text).data).toBe(isAllowed(expectedMs) ? expectedMs : undefined);
      }),
    );
  });
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
