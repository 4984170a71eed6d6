/** Shows how far a run is: a bar where a terminal can draw one, lines where not. */
import cliProgress from 'cli-progress';
import {
  type BatchProgress,
  DIRECTORIES_PHASE_LABELS,
  type DirectoriesProgress,
  type FileCounts,
  PHASE_LABELS,
  settledCount,
} from '../protocol/index.js';
import type { AnyProgress } from './any-run.js';
import { unfinishedOf } from './report.js';
import type { Session } from './session.js';
import { count } from './text.js';

export interface ProgressView {
  show(progress: AnyProgress): void;
  /** A line in between. */
  note(line: string): void;
  end(): void;
}

export function progressView(session: Session): ProgressView {
  return session.stream.isTTY ? barView(session) : lineView(session);
}

/** `Waiting for LlamaCloud: batch bat-... is RUNNING`, `Processing the directories: 3 of 12 directories, 1 failed`. */
export function sentenceOf(progress: AnyProgress): string {
  return 'directories' in progress ? sentenceOfMany(progress) : sentenceOfOne(progress);
}

function sentenceOfMany({ phase, directories, files }: DirectoriesProgress): string {
  const what = DIRECTORIES_PHASE_LABELS[phase];
  if (directories.total === 0) return what;
  const all = count(directories.total, 'directory', 'directories');
  const collected = files.total === 0 ? '' : `; ${count(files.completed, 'document')}`;
  return `${what}: ${[`${settledCount(directories)} of ${all}`, ...unfinishedOf(directories)].join(', ')}${collected}`;
}

/** What the bar is of. */
function countsOf(progress: AnyProgress): FileCounts {
  return 'directories' in progress ? progress.directories : progress.files;
}

function sentenceOfOne(progress: BatchProgress): string {
  const { phase, batchId, batchStatus, files } = progress;
  const what = PHASE_LABELS[phase];
  if (files.total > 0)
    return `${what}: ${[`${settledCount(files)} of ${count(files.total, 'file')}`, ...unfinishedOf(files)].join(', ')}`;
  if (batchId === null) return what;
  return `${what}: batch ${batchId}${batchStatus === null ? '' : ` is ${batchStatus}`}`;
}

const BAR_COLUMNS = 30;

function barView({ stream }: Session): ProgressView {
  let text = '';
  const bar = new cliProgress.SingleBar({
    stream,
    hideCursor: true,
    format: (_options, { progress }) => {
      const filled = Math.round(BAR_COLUMNS * Math.min(1, Math.max(0, progress)));
      return `  ${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)}  ${text}`;
    },
  });
  let shown = false;
  return {
    show: (progress) => {
      text = sentenceOf(progress);
      const total = Math.max(1, countsOf(progress).total);
      if (shown) bar.setTotal(total);
      else bar.start(total, 0);
      shown = true;
      bar.update(settledCount(countsOf(progress)));
    },
    note: (line) => {
      // The bar owns its line: the note takes its place, and the bar is drawn anew below.
      if (shown) bar.stop();
      shown = false;
      stream.write(`${line}\n`);
    },
    end: () => {
      if (shown) bar.stop();
      shown = false;
    },
  };
}

/** In a log, a line for each of a thousand files says less than one for each tenth of them. */
const SHARES = 10;

function lineView(session: Session): ProgressView {
  let last = '';
  return {
    show: (progress) => {
      const counts = countsOf(progress);
      const share = counts.total === 0 ? 0 : Math.floor((SHARES * settledCount(counts)) / counts.total);
      const key = `${progress.phase} ${'batchStatus' in progress ? progress.batchStatus : ''} ${share}`;
      if (key === last) return;
      last = key;
      session.say(`  ${sentenceOf(progress)}`);
    },
    note: (line) => session.say(line),
    end: () => undefined,
  };
}
