/** How fast a run is, from what has been seen of it. */
import { type FileCounts, settledCount } from '../../protocol/index.js';
import type { AnyProgress } from './run-types.js';

export interface Pace {
  /** `null` until it is known, and while nothing ends. */
  readonly filesPerMinute: number | null;
  /** Time until the last file, or the last directory of a run over many, at the pace so far; `null` if it is not known. */
  readonly secondsLeft: number | null;
}

/** A run gets slower and faster: files that ended long ago say little. */
const FILES_WINDOW_MS = 5 * 60_000;

/** A shorter time would say more of when was looked than of the run. */
const MIN_SPAN_MS = 5_000;

/** Measures the pace of one run. */
export class PaceMeter {
  readonly #files = new RateMeter(FILES_WINDOW_MS);
  /** A directory takes hours, so all that was seen counts. */
  readonly #directories = new RateMeter(Number.POSITIVE_INFINITY);

  /** @param nowMs Of any clock that does not jump. */
  add(progress: AnyProgress, nowMs: number): Pace {
    const filesPerMs = this.#files.add(progress.files, nowMs);
    const isMultiDirectory = 'directories' in progress;
    const counts = isMultiDirectory ? progress.directories : progress.files;
    const perMs = isMultiDirectory ? this.#directories.add(counts, nowMs) : filesPerMs;
    return {
      filesPerMinute: filesPerMs === null ? null : filesPerMs * 60_000,
      secondsLeft: perMs === null ? null : (counts.total - settledCount(counts)) / perMs / 1_000,
    };
  }
}

class RateMeter {
  readonly #windowMs: number;
  #samples: { readonly atMs: number; readonly count: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Returns the rate per millisecond. */
  add(counts: FileCounts, nowMs: number): number | null {
    // Until the files are known, the run waits for LlamaCloud.
    if (counts.total === 0) return null;
    this.#samples.push({ atMs: nowMs, count: settledCount(counts) });
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= this.#windowMs);
    const [first = { atMs: nowMs, count: 0 }] = this.#samples;
    const ended = settledCount(counts) - first.count;
    const spanMs = nowMs - first.atMs;
    return spanMs < MIN_SPAN_MS || ended <= 0 ? null : ended / spanMs;
  }
}

/** `about 3 min left`, `12 files a minute`. Nothing while it is not known. */
export function renderPace({ filesPerMinute, secondsLeft }: Pace): string[] {
  return [
    ...(secondsLeft === null || secondsLeft <= 0 ? [] : [`about ${renderTime(secondsLeft)} left`]),
    ...(filesPerMinute === null ? [] : [`${renderRate(filesPerMinute)} a minute`]),
  ];
}

function renderRate(perMinute: number): string {
  const rate = perMinute.toLocaleString('en', { maximumFractionDigits: perMinute < 10 ? 1 : 0 });
  return `${rate} ${rate === '1' ? 'file' : 'files'}`;
}

function renderTime(seconds: number): string {
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
