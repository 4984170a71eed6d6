/** The progress of a run in one line. */
import {
  type BatchProgress,
  CORPUS_PHASE_LABELS,
  type CorpusProgress,
  DIRECTORIES_PHASE_LABELS,
  type DirectoriesProgress,
  type FileCounts,
  PHASE_LABELS,
  settledCount,
} from '../../protocol/index.js';
import { displayWidth, formatAmount, formatCount, toPrintable } from '../text.js';
import { isEndPhase } from './ended-progress.js';
import { type Pace, renderPace } from './pace.js';
import { renderUnsuccessful } from './report.js';
import type { AnyProgress } from './run-types.js';

/** `Waiting for LlamaCloud: RUNNING`, `Collecting the documents: 3 of 10 files, 1 failed`. */
export function renderProgressLine(
  progress: AnyProgress,
  maxColumns = Number.POSITIVE_INFINITY,
  pace: Pace = { filesPerMinute: null, secondsLeft: null },
): string {
  const speed = isEndPhase(progress.phase) ? [] : renderPace(pace);
  const [phase, details] = renderPhase(progress, speed);
  return renderLine(`${renderState(progress)}${phase}`, details, maxColumns);
}

function renderPhase(progress: AnyProgress, speed: readonly string[]): [phase: string, details: string[]] {
  if ('unchanged' in progress) return [CORPUS_PHASE_LABELS[progress.phase], renderCorpus(progress, speed)];
  return 'directories' in progress
    ? [DIRECTORIES_PHASE_LABELS[progress.phase], renderDirectories(progress, speed)]
    : [PHASE_LABELS[progress.phase], renderBatch(progress, speed)];
}

/** As in the Temporal UI. */
function renderState({ pause, stuck }: AnyProgress): string {
  // A worker of 0.1.0 says neither.
  if (pause != null) return 'Paused: ';
  return stuck == null ? '' : 'Stuck: ';
}

/** The counts that the progress bar shows. */
export function barCounts(progress: AnyProgress): FileCounts {
  return 'directories' in progress ? progress.directories : progress.files;
}

/** Leaves out the details, the last ones first, that do not fit: a terminal would cut them in the middle. */
function renderLine(label: string, details: readonly string[], maxColumns: number): string {
  let line = label;
  for (const [index, detail] of details.entries()) {
    const longer = `${line}${index === 0 ? ':' : ','} ${detail}`;
    if (displayWidth(longer) > maxColumns) break;
    line = longer;
  }
  return line;
}

/** `3 of 10 files`, `1 failed`. Empty while the total is not known. */
function renderSettled(counts: FileCounts, noun: string, plural?: string): string[] {
  if (counts.total === 0) return [];
  return [`${settledCount(counts)} of ${formatCount(counts.total, noun, plural)}`, ...renderUnsuccessful(counts)];
}

function renderBatch(
  { phase, batchStatus, files, directoryFileCount, jobsEnded }: BatchProgress,
  speed: readonly string[],
): string[] {
  const jobs = phase === 'processing' && jobsEnded > 0 ? [`${formatCount(jobsEnded, 'job')} ended`] : [];
  if (files.total > 0) return [...renderSettled(files, 'file'), ...speed, ...jobs];
  if (isEndPhase(phase)) return [];
  return [
    ...(batchStatus === null ? [] : [toPrintable(batchStatus)]),
    ...(directoryFileCount === null ? [] : [`${formatCount(directoryFileCount, 'file')} in the directory`]),
  ];
}

function renderCorpus({ files, unchanged, isListed, budget }: CorpusProgress, speed: readonly string[]): string[] {
  const spent =
    budget === undefined ? [] : [`${formatAmount(budget.spent)} of ${formatAmount(budget.maxCredits)} credits`];
  const same = unchanged === 0 ? [] : [`${unchanged.toLocaleString('en')} unchanged`];
  return [...renderSettled(files, 'file'), ...speed, ...same, ...spent, ...(isListed ? [] : ['listing'])];
}

function renderDirectories({ directories, files }: DirectoriesProgress, speed: readonly string[]): string[] {
  const documents = files.total === 0 ? [] : [formatCount(files.completed, 'document')];
  return [...renderSettled(directories, 'directory', 'directories'), ...speed, ...documents];
}
