/** Shows the progress of a run while it goes on: a progress bar in a terminal, lines otherwise. */
import cliProgress from 'cli-progress';
import { settledCount } from '../../protocol/index.js';
import type { CommandContext, Output } from '../command-context.js';
import { barCounts, renderProgressLine } from './progress-line.js';
import type { AnyProgress } from './run-types.js';

export interface ProgressView {
  show(progress: AnyProgress): void;
  /** Prints a line between two states of the progress. */
  note(line: string): void;
  end(): void;
}

export function createProgressView(context: CommandContext): ProgressView {
  return context.infoStream.isTTY ? new BarView(context.infoStream) : new LineView(context);
}

const DEFAULT_COLUMNS = 80;
const WIDE_BAR = 30;
const NARROW_BAR = 10;
/** From this width on, a wide bar leaves enough room for the text. */
const WIDE_TERMINAL = 100;
/** Before the bar, and between the bar and the text. */
const GAP = '  ';

/** A bar with its text, in exactly one line of a terminal. */
export function renderBar(progress: AnyProgress, columns = DEFAULT_COLUMNS): string {
  const barColumns = columns < WIDE_TERMINAL ? NARROW_BAR : WIDE_BAR;
  const counts = barCounts(progress);
  const share = settledCount(counts) / Math.max(1, counts.total);
  const filled = Math.round(barColumns * Math.min(1, share));
  const bar = `${GAP}${'█'.repeat(filled)}${'░'.repeat(barColumns - filled)}${GAP}`;
  return `${bar}${renderProgressLine(progress, columns - 1 - bar.length)}`;
}

class BarView implements ProgressView {
  readonly #stream: Output;
  readonly #bar: cliProgress.SingleBar;
  #line = '';
  #isShown = false;

  constructor(stream: Output) {
    this.#stream = stream;
    this.#bar = new cliProgress.SingleBar({ stream, hideCursor: true, format: () => this.#line });
  }

  show(progress: AnyProgress): void {
    this.#line = renderBar(progress, this.#stream.columns);
    if (!this.#isShown) this.#bar.start(1, 0);
    this.#isShown = true;
    this.#bar.update(0);
  }

  note(line: string): void {
    this.end();
    this.#stream.write(`${GAP}${line}\n`);
  }

  end(): void {
    if (this.#isShown) this.#bar.stop();
    this.#isShown = false;
  }
}

/** Without a terminal, a line is printed for each new phase or status, and for each tenth of the files or of their jobs. */
const SHARES = 10;

class LineView implements ProgressView {
  readonly #context: CommandContext;
  #lastKey = '';

  constructor(context: CommandContext) {
    this.#context = context;
  }

  show(progress: AnyProgress): void {
    const key = toLineKey(progress);
    if (key === this.#lastKey) return;
    this.#lastKey = key;
    this.#context.info(`${GAP}${renderProgressLine(progress)}`);
  }

  note(line: string): void {
    this.#context.info(`${GAP}${line}`);
  }

  end(): void {}
}

/** Equal for two states of the progress that are printed as one line. */
export function toLineKey(progress: AnyProgress): string {
  const counts = barCounts(progress);
  const toShare = (count: number) => (counts.total === 0 ? 0 : Math.floor((SHARES * count) / counts.total));
  const { batchStatus = null, jobsEnded = 0, directoryFileCount = null } = 'batchId' in progress ? progress : {};
  return [progress.phase, batchStatus, directoryFileCount, toShare(settledCount(counts)), toShare(jobsEnded)].join(' ');
}
