/** Shows the progress of a run while it goes on: a progress bar in a terminal, lines otherwise. */
import cliProgress from 'cli-progress';
import { settledCount } from '../../protocol/index.js';
import type { CommandContext, Output } from '../command-context.js';
import { displayWidth, toPrintable, truncateMiddle } from '../text.js';
import type { Pace } from './pace.js';
import { barCounts, renderProgressLine } from './progress-line.js';
import type { AnyProgress, AnyRun } from './run-types.js';

/** What is known of a run while it is open, beside its progress. */
export interface LiveState {
  readonly pace: Pace;
  readonly blockedBy: string | null;
}

export interface ProgressView {
  /** @param live Missing for a run that has ended. */
  show(progress: AnyProgress, live?: LiveState): void;
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
export function renderBar(progress: AnyProgress, columns = DEFAULT_COLUMNS, pace?: Pace): string {
  const barColumns = columns < WIDE_TERMINAL ? NARROW_BAR : WIDE_BAR;
  const counts = barCounts(progress);
  const share = settledCount(counts) / Math.max(1, counts.total);
  const filled = Math.round(barColumns * Math.min(1, share));
  const bar = `${GAP}${'█'.repeat(filled)}${'░'.repeat(barColumns - filled)}${GAP}`;
  return `${bar}${renderProgressLine(progress, columns - 1 - bar.length, pace)}`;
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

  show(progress: AnyProgress, live?: LiveState): void {
    this.#line = renderBar(progress, this.#stream.columns, live?.pace);
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
  readonly #prefix: string;
  #lastKey = '';

  /** @param prefix Tells the lines of several runs apart. */
  constructor(context: CommandContext, prefix = GAP) {
    this.#context = context;
    this.#prefix = prefix;
  }

  show(progress: AnyProgress, live?: LiveState): void {
    const key = toLineKey(progress);
    if (key === this.#lastKey) return;
    this.#lastKey = key;
    this.#context.info(`${this.#prefix}${renderProgressLine(progress, undefined, live?.pace)}`);
  }

  note(line: string): void {
    this.#context.info(`${this.#prefix}${line}`);
  }

  end(): void {}
}

/** Equal for two states of the progress that are printed as one line. */
export function toLineKey(progress: AnyProgress): string {
  const counts = barCounts(progress);
  const toShare = (count: number) => (counts.total === 0 ? 0 : Math.floor((SHARES * count) / counts.total));
  const { batchStatus = null, jobsEnded = 0, directoryFileCount = null } = 'directories' in progress ? {} : progress;
  const { phase, pause, stuck } = progress;
  const state = [phase, pause?.since, stuck?.since, batchStatus, directoryFileCount];
  return [...state, toShare(settledCount(counts)), toShare(jobsEnded)].join(' ');
}

/** Prints one JSON object for each change. Notes go to stderr. */
class JsonView implements ProgressView {
  readonly #context: CommandContext;
  readonly #run: { readonly workflowId: string; readonly runId: string | undefined };
  readonly #prefix: string;
  #last = '';

  constructor(context: CommandContext, { workflowId, runId }: AnyRun, prefix = GAP) {
    this.#context = context;
    this.#run = { workflowId, runId };
    this.#prefix = prefix;
  }

  show(progress: AnyProgress, live?: LiveState): void {
    // The report of a run that has ended is printed by itself.
    if (live === undefined) return;
    const { blockedBy, pace } = live;
    const change = JSON.stringify({ progress, blockedBy });
    if (change === this.#last) return;
    this.#last = change;
    this.#context.json({ ok: true, ...this.#run, progress, blockedBy, ...pace });
  }

  note(line: string): void {
    this.#context.info(`${this.#prefix}${line}`);
  }

  end(): void {}
}

/** For `watch`: with `--json`, each change is an object on stdout. */
export function createWatchView(context: CommandContext, run: AnyRun): ProgressView {
  return context.isJson ? new JsonView(context, run) : createProgressView(context);
}

/** A view for each of several runs at a time. */
export interface ProgressViews {
  of(run: AnyRun): ProgressView;
  /** Prints a line that is about no single run. */
  note(line: string): void;
  end(): void;
}

export function createWatchViews(context: CommandContext): ProgressViews {
  if (!context.isJson && context.infoStream.isTTY) return new BarViews(context.infoStream);
  const toPrefix = ({ workflowId }: AnyRun) => `${toPrintable(workflowId)}: `;
  return {
    of: (run) => (context.isJson ? new JsonView(context, run, toPrefix(run)) : new LineView(context, toPrefix(run))),
    note: (line) => context.info(line),
    end: () => undefined,
  };
}

/** The share of a terminal's line that the workflow id takes. */
const ID_SHARE = 0.35;

/** A line with a bar for each run, and the notes above them. */
class BarViews implements ProgressViews {
  readonly #stream: Output;
  readonly #bars: cliProgress.MultiBar;

  constructor(stream: Output) {
    this.#stream = stream;
    const format: cliProgress.GenericFormatter = (_options, _params, { line }: { line: string }) => line;
    this.#bars = new cliProgress.MultiBar({ stream, hideCursor: true, format });
  }

  of({ workflowId }: AnyRun): ProgressView {
    const id = toPrintable(workflowId);
    const bar = this.#bars.create(1, 0, { line: id });
    return {
      show: (progress, live) => bar.update(0, { line: this.#render(id, progress, live) }),
      note: (line) => this.note(`${id}: ${line}`),
      end: () => undefined,
    };
  }

  #render(id: string, progress: AnyProgress, live: LiveState | undefined): string {
    const { columns = DEFAULT_COLUMNS } = this.#stream;
    const idColumns = Math.floor(ID_SHARE * columns);
    const shown = truncateMiddle(id, idColumns);
    const padding = ' '.repeat(idColumns - displayWidth(shown));
    return `${shown}${padding}${renderBar(progress, columns - idColumns, live?.pace)}`;
  }

  note(line: string): void {
    this.#bars.log(`${line}\n`);
  }

  end(): void {
    // Prints the notes that it still has.
    this.#bars.update();
    this.#bars.stop();
  }
}
