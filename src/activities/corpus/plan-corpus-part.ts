import { createHash } from 'node:crypto';
import {
  addEstimates,
  type CorpusFailure,
  type CorpusLine,
  type CorpusRun,
  type CostEstimate,
  cleanText,
  type FailureSummary,
} from '../../protocol/index.js';
import {
  type CorpusSource,
  comparePaths,
  isUnreadable,
  type SourceEntry,
  type SourceFile,
  SourceFileError,
  type UnreadableEntry,
} from '../../sources/index.js';
import type { ActivityDeps } from '../deps.js';
import { corpusRunKey } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { readCorpusLines } from './corpus-line.js';
import { decideFile, toLineWithoutDocument, toUnchangedLine } from './decide.js';
import { estimateFile, extendPartKey } from './estimate-files.js';
import { findRejection } from './file-limits.js';
import { toLineContent } from './line-content.js';
import { mergeJoin } from './merge-join.js';
import { assertSameSource, openSource } from './open-source.js';
import { type PlannedFile, type PlannedRecord, toUniqueName } from './planned-files.js';

export interface PlanCorpusPartInput {
  run: CorpusRun;
  /** The last path that was planned; `null` at the beginning. */
  cursor: string | null;
  /** Number of the segment. */
  segment: number;
  /** Files to process that the part has room for. */
  room: number;
  /** What the part has from segments before. Without it nothing is estimated: there is no `maxCredits`, or it is reached. */
  budgeted?: BudgetedPart;
}

/** What the files of a part have in common. */
export interface BudgetedPart {
  key: string;
  estimate: CostEstimate;
}

export interface PlannedSegment {
  /** Name of the list. */
  name: string;
  /** The last path of this segment. */
  cursor: string | null;
  /** Whether it is the last segment of the source. */
  isLast: boolean;
  /** Files to process. */
  planned: number;
  unchanged: number;
  gone: number;
  /** Documents to remove. */
  removals: number;
  /** Files that can't be processed. */
  failed: number;
  /** Entries of the source, of whatever kind. */
  listed: number;
  /** Files of the source that LlamaCloud may take, changed or not. */
  eligible: number;
  /** The first failures. */
  failures: CorpusFailure[];
  /** Files that are left, since nobody knows what they would cost. */
  skipped: number;
  /** The next file would cost more than a part may. */
  isPartFull: boolean;
  /** The part with this segment. */
  budgeted: BudgetedPart | null;
}

/** Upper bound on the time of one segment, in milliseconds: the files of it are uploaded while the next one is planned. */
const SEGMENT_TIMEOUT_MS = 30_000;

const MAX_FAILURES = 20;

const UNPRICED = {
  type: 'BudgetReached',
  message:
    'LlamaCloud bills such a file by the minute, so what it costs is not known before: it is not sent with maxCredits',
} as const;

/**
 * Plans the next segment of a corpus: lists the source from the cursor on, compares it with the last manifest, and stores what becomes of each
 * path. Ends when the part is full, or after half a minute. Reads a file only if its size is the same and its time or ETag is not.
 */
export function planCorpusPart(deps: ActivityDeps) {
  return ({ run, cursor, segment, room, budgeted }: PlanCorpusPartInput): Promise<PlannedSegment> =>
    runAttempt('read', `source ${run.source}`, async ({ signal }) => {
      await assertSameStore(deps.outputs, run.storeId);
      const source = await openSource(deps, run.source);
      const name = toUniqueName('segment', segment);
      const planner = new Planner(run, source, signal, room, cursor, budgeted);
      const entries = source.list({ after: cursor ?? '', signal });
      const lines = readCorpusLines(deps.outputs, run.output, cursor);
      await deps.outputs.write(corpusRunKey(run, name), toLineContent(planner.plan(mergeJoin(entries, lines))), {
        signal,
      });
      // Afterwards: a volume that is unmounted meanwhile leaves an empty folder, and one that is mounted on demand is there only now.
      await assertSameSource(source, run);
      return { name, ...planner.result };
    });
}

class Planner {
  readonly #run: CorpusRun;
  readonly #source: CorpusSource;
  readonly #signal: AbortSignal;
  readonly #room: number;
  /** The last path of the segment before. */
  readonly #start: string | null;
  #deadlineMs: number | undefined;
  readonly result: Omit<PlannedSegment, 'name'>;
  /** What is below this folder is not known: nothing of it is gone. */
  #unknownFolder: string | undefined;

  constructor(
    run: CorpusRun,
    source: CorpusSource,
    signal: AbortSignal,
    room: number,
    cursor: string | null,
    budgeted: BudgetedPart | undefined,
  ) {
    this.#run = run;
    this.#source = source;
    this.#signal = signal;
    this.#room = room;
    this.#start = cursor;
    this.result = {
      cursor,
      isLast: false,
      planned: 0,
      unchanged: 0,
      gone: 0,
      removals: 0,
      failed: 0,
      listed: 0,
      eligible: 0,
      failures: [],
      skipped: 0,
      isPartFull: false,
      budgeted: budgeted ?? null,
    };
  }

  async *plan(joined: ReturnType<typeof mergeJoin>): AsyncGenerator<PlannedRecord> {
    for await (const { path, entry, line } of joined) {
      if (entry !== undefined && this.#start !== null && comparePaths(path, this.#start) <= 0) {
        this.#skip(entry);
        continue;
      }
      const isBelowUnknown = this.#unknownFolder !== undefined && path.startsWith(this.#unknownFolder);
      if (!isBelowUnknown) {
        this.#unknownFolder = undefined;
        if (this.#isFull()) return;
      }
      const record = entry === undefined ? this.#planMissing(line, isBelowUnknown) : await this.#planEntry(entry, line);
      // The file begins the next part.
      if (record === 'part-full') return;
      this.result.cursor = path;
      if (entry !== undefined) this.result.listed += 1;
      if (record !== undefined) yield record;
    }
    this.result.isLast = true;
  }

  /** What an earlier segment has listed. A folder that can't be read any more has no line, which would be out of order: it is a failure all the same. */
  #skip(entry: SourceEntry): void {
    if (!isUnreadable(entry) || !isFolder(entry)) return;
    this.#unknownFolder = entry.path;
    this.#recordFailure(entry.path, toProblem(entry));
  }

  #isFull(): boolean {
    // Counts from the first path: reading the manifest and the source up to it may take long, and a segment has to get on.
    this.#deadlineMs ??= performance.now() + SEGMENT_TIMEOUT_MS;
    return this.result.planned >= this.#room || performance.now() > this.#deadlineMs;
  }

  /** A path that only the last manifest has. */
  #planMissing(line: CorpusLine | undefined, isBelowUnknown: boolean): PlannedRecord | undefined {
    if (line === undefined) return undefined;
    if (isBelowUnknown) {
      if (line.status === 'COMPLETED') this.result.unchanged += 1;
      return { kind: 'line', line };
    }
    const isNew = line.status !== 'GONE';
    if (isNew && !isFolder(line)) this.result.gone += 1;
    if (this.#run.goneFiles === 'remove' && !isFolder(line)) {
      // Also without a document in the manifest: an earlier one stays in the store when its file changes and then fails.
      this.result.removals += 1;
      return { kind: 'remove', line };
    }
    // There is nothing to keep.
    if (line.output === null) return undefined;
    return { kind: 'line', line: { ...line, status: 'GONE' } };
  }

  async #planEntry(entry: SourceEntry, line: CorpusLine | undefined): Promise<PlannedRecord | 'part-full'> {
    if (isUnreadable(entry)) {
      const { path } = entry;
      if (isFolder(entry)) this.#unknownFolder = path;
      return this.#toFailed({ path }, toProblem(entry), line);
    }
    const rejection = findRejection(entry, this.#run.job.type);
    if (rejection !== undefined) return this.#toFailed(entry, { type: 'FileRejected', message: rejection }, line);
    this.result.eligible += 1;
    let decision = decideFile(this.#run, entry, line);
    if (decision === 'compare-content') {
      try {
        const sha256 = await readSha256(this.#source, entry.path, this.#signal);
        decision = sha256 === line?.sha256 ? 'unchanged' : 'process';
      } catch (error) {
        if (!(error instanceof SourceFileError)) throw error;
        // It may not have changed: processed, it would lose its document, and be billed again.
        return this.#toFailed(entry, { type: 'FileUnreadable', message: error.message }, line);
      }
    }
    if (decision === 'process' || line === undefined) return this.#planFile(entry);
    const unchanged = toUnchangedLine(line, entry, this.#run);
    if (unchanged.error === null) this.result.unchanged += 1;
    else this.#recordFailure(unchanged.path, unchanged.error);
    return { kind: 'line', line: unchanged };
  }

  /** A file that is to be processed. With a budget, it has to fit into the part. */
  async #planFile({ path, size, changeToken }: SourceFile): Promise<PlannedRecord | 'part-full'> {
    const file: PlannedFile = { path, size, changeToken };
    const { budgeted } = this.result;
    const { budget } = this.#run;
    if (budgeted !== null && budget !== undefined) {
      const estimate = await estimateFile(budget, this.#source, file, this.#signal);
      if (estimate === undefined) {
        this.result.skipped += 1;
        return { kind: 'line', line: toLineWithoutDocument(this.#run, file, 'SKIPPED', UNPRICED) };
      }
      const sum = addEstimates(budgeted.estimate, estimate);
      if (budgeted.estimate.files > 0 && sum.credits.high > budget.partCredits) {
        this.result.isPartFull = true;
        return 'part-full';
      }
      file.credits = estimate.credits.high;
      this.result.budgeted = { key: extendPartKey(budgeted.key, this.#run, file), estimate: sum };
    }
    this.result.planned += 1;
    return { kind: 'process', file };
  }

  #toFailed(
    file: { path: string; size?: number; changeToken?: string },
    error: FailureSummary,
    line: CorpusLine | undefined,
  ): PlannedRecord {
    this.#recordFailure(file.path, error);
    // It may be there again as it was: its document is paid for.
    if (line !== undefined && line.output !== null) return { kind: 'line', line: { ...line, status: 'FAILED', error } };
    return { kind: 'line', line: toLineWithoutDocument(this.#run, file, 'FAILED', error) };
  }

  #recordFailure(path: string, error: FailureSummary): void {
    this.result.failed += 1;
    if (this.result.failures.length < MAX_FAILURES) this.result.failures.push({ path: cleanText(path), ...error });
  }
}

function isFolder({ path }: { path: string }): boolean {
  return path.endsWith('/');
}

function toProblem({ problem, mayPass }: UnreadableEntry): FailureSummary {
  return { type: mayPass ? 'FileUnreadable' : 'FileRejected', message: problem };
}

async function readSha256(source: CorpusSource, path: string, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of (await source.open(path, { signal })).content) digest.update(chunk);
  return digest.digest('hex');
}
