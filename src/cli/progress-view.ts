/** Shows how far a run is: a bar where a terminal can draw one, lines where not. */
import cliProgress from 'cli-progress';
import { type BatchProgress, counted, PHASE_WORDS } from '../protocol/index.js';
import type { Session } from './session.js';
import { count } from './text.js';

export interface ProgressView {
  show(progress: BatchProgress): void;
  /** A line in between. */
  note(line: string): void;
  end(): void;
}

export function progressView(session: Session): ProgressView {
  return session.stream.isTTY ? barView(session) : lineView(session);
}

/** `Waiting for LlamaCloud: batch bat-... is RUNNING`. */
export function sentenceOf(progress: BatchProgress): string {
  const { phase, batchId, batchStatus, files } = progress;
  const what = PHASE_WORDS[phase];
  if (files.total > 0)
    return `${what}: ${counted(progress.files)} of ${count(files.total, 'file')}${failedOf(progress)}`;
  if (batchId === null) return what;
  return `${what}: batch ${batchId}${batchStatus === null ? '' : ` is ${batchStatus}`}`;
}

function failedOf({ files }: Pick<BatchProgress, 'files'>): string {
  const failed = files.failed + files.cancelled;
  return failed === 0 ? '' : `, ${failed} failed`;
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
      const total = Math.max(1, progress.files.total);
      if (shown) bar.setTotal(total);
      else bar.start(total, 0);
      shown = true;
      bar.update(counted(progress.files));
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
      const { phase, batchStatus, files } = progress;
      const share = files.total === 0 ? 0 : Math.floor((SHARES * counted(progress.files)) / files.total);
      const key = `${phase} ${batchStatus} ${share}`;
      if (key === last) return;
      last = key;
      session.say(`  ${sentenceOf(progress)}`);
    },
    note: (line) => session.say(line),
    end: () => undefined,
  };
}
