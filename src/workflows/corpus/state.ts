import type { BudgetedPart, OpenedCorpus, PartOutcome, PlannedSegment } from '../../activities/types.js';
import {
  type CorpusBudget,
  type CorpusCounts,
  type CorpusFailure,
  type CorpusPhase,
  type CorpusProgress,
  type CorpusReport,
  type CorpusRun,
  type FailureSummary,
  MAX_PART_FILES,
  MAX_REPORTED_FAILURES,
  type Settlement,
  settledCount,
} from '../../protocol/index.js';
import { addCosts, addFailure, newRunState, type RunState, toRunProgress, toRunReport } from '../shared/run-state.js';

/** A part that is planned: the files of some segments, at most 1,000. */
export interface PlannedPart {
  /** 0 for the first. */
  part: number;
  /** Names of the segments. */
  segments: string[];
  /** Files to process. */
  files: number;
  /** What they are estimated to cost; `null` without `maxCredits`. */
  budgeted: BudgetedPart | null;
}

/** The state of a run over a corpus. Plain JSON: continue-as-new carries it. It has no files, only names of lists of them. */
export interface CorpusState extends RunState<CorpusPhase, CorpusFailure>, CorpusCounts {
  opened: OpenedCorpus | null;
  /** Files per part, and parts per execution. Not options: only tests want other numbers. */
  partSize: number;
  partsPerExecution: number;
  /** The last path that was planned; `null` at the beginning. */
  cursor: string | null;
  /** Whether the whole source was planned. */
  isListed: boolean;
  /** Entries of the source. */
  listed: number;
  /** Files of the source that LlamaCloud may take. */
  eligible: number;
  /** Documents to remove. */
  removals: number;
  /** Names of all segments, in order. */
  segments: string[];
  /** The part that is being planned. */
  planning: PlannedPart;
  /** Names of the lines of each part; `null` for a part that is open or has none. */
  partLines: (string | null)[];
  /** The failure after which no more parts are started, since every other one would fail with it. */
  haltCause: FailureSummary | null;
  /** What was spent of `maxCredits`; `null` without it. */
  budget: CorpusBudget | null;
  /** What the record of the budget does not have yet. */
  creditsLedger: CreditsLedger;
  /** A sentence, while another workflow has the corpus. */
  waitingFor: string | null;
}

/** Parts that may cost something, and what ended ones have cost. */
export interface CreditsLedger {
  /** Whether a part did not fit: from then on, no other one is begun. */
  isReached: boolean;
  /** Parts that have not ended, by their key. */
  open: Record<string, { hasBegun: boolean }>;
  /** To be recorded. */
  settlements: Settlement[];
}

export function newCorpusState(startedAtMs: number): CorpusState {
  return {
    ...newRunState(startedAtMs),
    opened: null,
    partSize: MAX_PART_FILES,
    partsPerExecution: 200,
    cursor: null,
    isListed: false,
    listed: 0,
    eligible: 0,
    unchanged: 0,
    gone: 0,
    removals: 0,
    segments: [],
    planning: { part: 0, segments: [], files: 0, budgeted: null },
    partLines: [],
    haltCause: null,
    budget: null,
    creditsLedger: { isReached: false, open: {}, settlements: [] },
    waitingFor: null,
  };
}

/** Records a segment. Returns the part if it is complete. */
export function recordSegment(state: CorpusState, segment: PlannedSegment): PlannedPart | undefined {
  state.segments.push(segment.name);
  state.cursor = segment.cursor;
  state.isListed = segment.isLast;
  state.listed += segment.listed;
  state.eligible += segment.eligible;
  state.unchanged += segment.unchanged;
  state.gone += segment.gone;
  state.removals += segment.removals;
  state.files.total += segment.planned + segment.failed + segment.skipped;
  state.files.failed += segment.failed;
  state.files.skipped += segment.skipped;
  if (state.budget !== null) state.budget.filesLeft += segment.skipped;
  for (const failure of segment.failures) addFailure(state, failure, MAX_REPORTED_FAILURES);
  const { planning } = state;
  planning.segments.push(segment.name);
  planning.files += segment.planned;
  planning.budgeted = segment.budgeted;
  const isFull = planning.files >= state.partSize || segment.isPartFull || state.isListed;
  if (!isFull || planning.files === 0) return undefined;
  state.planning = { part: planning.part + 1, segments: [], files: 0, budgeted: null };
  state.partLines.push(null);
  return planning;
}

export function recordPart(state: CorpusState, part: number, outcome: PartOutcome): void {
  const { files, failures, name } = outcome;
  state.partLines[part] = name;
  for (const counter of ['completed', 'failed', 'cancelled', 'skipped'] as const)
    state.files[counter] += files[counter];
  for (const failure of failures) addFailure(state, failure, MAX_REPORTED_FAILURES);
  addCosts(state, outcome);
}

/** Files of parts that were not started, or did not end by themselves. */
export function skipUnprocessed({ files }: CorpusState): void {
  files.skipped += files.total - settledCount(files);
}

export function toCorpusRun({ input, ...opened }: OpenedCorpus, runId: string): CorpusRun {
  const { scope, source, output, job, collect, failedFiles, goneFiles } = input;
  const { storeId, sourceId, generation, configurationVersion, budget } = opened;
  return {
    scope,
    source,
    output,
    job,
    collect,
    failedFiles,
    goneFiles,
    runId,
    storeId,
    sourceId,
    generation,
    configurationVersion,
    ...(budget === undefined ? {} : { budget }),
  };
}

export function toCorpusProgress(state: CorpusState): CorpusProgress {
  const { unchanged, gone, isListed, waitingFor, opened } = state;
  const common = toRunProgress(state, opened?.input.job ?? null);
  const source = opened?.input.source ?? null;
  return { ...common, unchanged, gone, isListed, waitingFor, source, ...toBudget(state) };
}

/** The run's result; `undefined` until the input is validated. */
export function toCorpusReport(state: CorpusState): CorpusReport | undefined {
  const { opened, unchanged, gone } = state;
  if (opened === null) return undefined;
  const { source, output, job } = opened.input;
  return { ...toRunReport(state, job), source, output, unchanged, gone, ...toBudget(state) };
}

function toBudget({ budget }: CorpusState): { budget?: CorpusBudget } {
  return budget === null ? {} : { budget };
}
