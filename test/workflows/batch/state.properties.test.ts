import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBatchInput, resolveBatchInput } from '../../../src/activities/input/index.js';
import type { ResultRow } from '../../../src/activities/types.js';
import { type BatchReport, type FileStatus, type ManifestLine, settledCount } from '../../../src/protocol/index.js';
import {
  toCompletedLine,
  toFailedLine,
  toLineWithoutJob,
  toSkippedLine,
} from '../../../src/workflows/batch/manifest-line.js';
import {
  type BatchState,
  hasTooManyFailures,
  newBatchState,
  type PageFile,
  recordFileOutcome,
  recordJobEnd,
  skipUnreadFiles,
  toProgress,
  toReport,
} from '../../../src/workflows/batch/state.js';
import { newDirectoriesState, recordDirectory } from '../../../src/workflows/directories/state.js';
import { anyText } from '../../support/arbitraries.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
/** Bytes and credits whose sums are exact. */
const amount = fc.option(fc.nat(1_000_000));

const row = fc.record({
  name: fc.option(anyText(2)),
  job: fc.option(
    fc.nat(50).map((index) => ({ id: `pjb-${index}`, type: JOB.type })),
    { freq: 4 },
  ),
  error: fc.option(fc.constantFrom('unreadable', 'the batch was cancelled')),
});

/** What happens to a file: its line, as the fan-out makes it. */
type Outcome = (state: BatchState, row: ResultRow) => ManifestLine;
const failure = fc.constantFrom('JobFailed', 'JobCancelled', 'JobTimedOut', 'OutputFailed', 'Complaint');
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc
    .record({ output: fc.constantFrom(null, '/out/a.md'), bytes: amount, sha256: fc.constant('abc'), credits: amount })
    .map(
      (document): Outcome =>
        (_, row) =>
          toCompletedLine(row, document),
    ),
  fc.tuple(failure, amount).map(
    ([type, credits]): Outcome =>
      (state, row) => ({ ...toFailedLine(state, row, ApplicationFailure.nonRetryable('because', type)), credits }),
  ),
  fc.constant<Outcome>((state, row) => toFailedLine(state, row, new CancelledFailure('by a person'))),
  fc.constant<Outcome>((state, row) => toLineWithoutJob(state, row)),
  fc.constant<Outcome>((_, row) => toSkippedLine(row, 'too many other files failed')),
);

const files = fc
  .array(fc.record({ row, outcome, jobEnded: fc.boolean() }), { maxLength: 30 })
  .map((files) =>
    files.map(({ row, ...rest }, index) => ({ ...rest, row: { fileId: `dfl-${index}`, ...row, storedLine: null } })),
  );
const limits = fc.record(
  { maxFailedFiles: fc.nat(6), maxFailedPercent: fc.oneof(fc.nat(100), fc.constantFrom(0.5, 33.3, 99.9)) },
  { requiredKeys: [] },
);
const situation = fc.record({
  status: fc.constantFrom('COMPLETED', 'CANCELLED', 'RUNNING'),
  phase: fc.constantFrom<BatchState['phase'][]>('processing', 'stopping'),
  reportedFailures: fc.nat(10),
  limits,
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;
type File = typeof files extends fc.Arbitrary<(infer T)[]> ? T : never;

/** The state of a run, and the lines of its manifest, after these files. */
function process(files: File[], { status, phase, reportedFailures, limits }: Situation, unread = 0) {
  const input = resolveBatchInput(checkBatchInput({ directoryId: 'dir-1', job: JOB, reportedFailures, ...limits }));
  const opened = { input, directoryFileCount: null, searchAttributes: false, requestsLimited: false, storeId: 'store' };
  const state: BatchState = { ...newBatchState(0), opened, batchId: 'bat-1', status, phase };
  state.files.total = files.length + unread;
  const lines = files.map(({ row, outcome, jobEnded }) => {
    const file: PageFile = { row, jobEnded: false, line: null };
    if (jobEnded) recordJobEnd(state, file);
    recordFileOutcome(state, file, outcome(state, row));
    if (file.line === null) throw new Error('it has no line');
    return file.line;
  });
  return { state, lines, report: toReport(state) };
}

const countOf = (lines: ManifestLine[], status: FileStatus) => lines.filter((line) => line.status === status).length;
const sumOf = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

describe('the report of a run', () => {
  test('has the counts, the bytes and the credits of the lines of its manifest, whatever became of the files', () => {
    fc.assert(
      fc.property(files, situation, (files, situation) => {
        const { lines, report } = process(files, situation);
        expect(report?.files).toEqual({
          total: lines.length,
          completed: countOf(lines, 'COMPLETED'),
          failed: countOf(lines, 'FAILED'),
          cancelled: countOf(lines, 'CANCELLED'),
          skipped: countOf(lines, 'SKIPPED'),
        });
        expect(report?.bytes).toBe(sumOf(lines.map(({ bytes }) => bytes)));
        const billed = lines.map(({ credits }) => credits).filter((credits) => credits !== null);
        expect(report?.credits).toBe(billed.length === 0 ? null : sumOf(billed));
      }),
    );
  });

  test('lists the first failures of the manifest, in its order, and no file that was only skipped', () => {
    fc.assert(
      fc.property(files, situation, (files, situation) => {
        const { lines, report, state } = process(files, situation);
        const failed = lines.filter(({ status }) => status === 'FAILED' || status === 'CANCELLED');
        const ids = failed.map(({ fileId }) => fileId);
        expect(report?.failures.map(({ fileId }) => fileId)).toEqual(ids.slice(0, situation.reportedFailures));
        expect(toProgress(state).lastFailures.map(({ fileId }) => fileId)).toEqual(ids.slice(-5));
        for (const failure of report?.failures ?? []) {
          const { error } = lines.find(({ fileId }) => fileId === failure.fileId) ?? {};
          expect(failure).toMatchObject({ ...error });
        }
      }),
    );
  });

  test('counts every file once where the run ends before it has read all', () => {
    fc.assert(
      fc.property(files, situation, fc.nat(1_000), (files, situation, unread) => {
        const { state, lines } = process(files, situation, unread);
        skipUnreadFiles(state);
        expect(settledCount(state.files)).toBe(state.files.total);
        expect(state.files.skipped).toBe(countOf(lines, 'SKIPPED') + unread);
      }),
    );
  });
});

test('a line has an error exactly if its file has no document, and keeps the ids of its row', () => {
  fc.assert(
    fc.property(files, situation, (files, situation) => {
      const { lines } = process(files, situation);
      for (const [index, line] of lines.entries()) {
        const { row } = files[index] ?? {};
        expect(line.error === null).toBe(line.status === 'COMPLETED');
        if (line.error !== null) expect(line).toMatchObject({ output: null, bytes: null, sha256: null });
        expect(line).toMatchObject({ fileId: row?.fileId, name: row?.name, jobId: row?.job?.id ?? null });
      }
    }),
  );
});

test('as many jobs have ended as files whose job is known to have, each counted once', () => {
  fc.assert(
    fc.property(files, situation, (files, situation) => {
      const { state, lines } = process(files, situation);
      const ended = files.filter(({ row, jobEnded }, index) => {
        const line = lines[index];
        return row.job !== null && (jobEnded || line?.status === 'COMPLETED' || line?.error?.type === 'JobFailed');
      });
      expect(toProgress(state).jobsEnded).toBe(ended.length);
    }),
  );
});

test('too many files have failed exactly if a COMPLETED batch has more of them than a limit, and one more never undoes it', () => {
  fc.assert(
    fc.property(files, situation, fc.nat(50), (files, situation, unread) => {
      const { state } = process(files, situation, unread);
      const failed = state.files.failed + state.files.cancelled;
      const { maxFailedFiles, maxFailedPercent } = situation.limits;
      const isOver =
        (maxFailedFiles !== undefined && failed > maxFailedFiles) ||
        (maxFailedPercent !== undefined && failed / state.files.total > maxFailedPercent / 100);
      expect(hasTooManyFailures(state)).toBe(
        situation.status === 'COMPLETED' && situation.phase !== 'stopping' && isOver,
      );
      state.files.failed += 1;
      if (isOver) expect(hasTooManyFailures({ ...state, status: 'COMPLETED', phase: 'processing' })).toBe(true);
    }),
  );
});

test('exactly the share that is allowed is not too many, whatever batch of up to 1,000 files and limit of two decimals', () => {
  const { state } = process([], { status: 'COMPLETED', phase: 'processing', reportedFailures: 0, limits: {} });
  const { opened } = state;
  if (opened === null) throw new Error('it is opened');
  const wrong: object[] = [];
  for (let total = 1; total <= 1_000; total++) {
    for (let failed = 0; failed <= total; failed++) {
      const hundredths = (10_000 * failed) / total;
      if (!Number.isInteger(hundredths)) continue;
      const maxFailedPercent = hundredths / 100;
      opened.input.maxFailedPercent = maxFailedPercent;
      state.files = { ...state.files, total, failed };
      const isOver = hasTooManyFailures(state);
      state.files.failed += 1;
      if (isOver || (failed < total && !hasTooManyFailures(state))) wrong.push({ total, failed, maxFailedPercent });
    }
  }
  expect(wrong).toEqual([]);
});

test('the report of many directories adds up what the reports of their batches have', () => {
  const reports = fc.array(
    fc.tuple(files, situation).map(([files, situation]) => process(files, situation).report),
    {
      maxLength: 8,
    },
  );
  const statuses = fc.constantFrom<FileStatus[]>('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED');
  fc.assert(
    fc.property(reports, fc.infiniteStream(statuses), (reports, statuses) => {
      const state = newDirectoriesState(0);
      const lines = reports.map((report, index) => {
        const status = statuses.next().value ?? 'COMPLETED';
        const failure = status === 'COMPLETED' ? {} : { failure: { type: 'BatchFailed', message: 'because' } };
        return recordDirectory(state, `dir-${index}`, { status, ...(report && { report }), ...failure });
      });
      const known: BatchReport[] = reports.filter((report) => report !== undefined);
      for (const count of ['total', 'completed', 'failed', 'cancelled', 'skipped'] as const) {
        expect(state.files[count]).toBe(sumOf(known.map(({ files }) => files[count])));
        if (count !== 'total')
          expect(state.directories[count]).toBe(lines.filter(({ status }) => status === count.toUpperCase()).length);
      }
      expect(state.bytes).toBe(sumOf(known.map(({ bytes }) => bytes)));
      expect(state.credits ?? 0).toBe(sumOf(known.map(({ credits }) => credits)));
      const failed = lines.filter(({ status }) => status === 'FAILED' || status === 'CANCELLED');
      expect(state.failures.map(({ directoryId }) => directoryId)).toEqual(
        failed.map(({ directoryId }) => directoryId),
      );
    }),
    { numRuns: 30 },
  );
});
