/** A run in which nothing has changed for longer than its option `stuckAfter`. */
export interface Stuck {
  /** When something last changed, ISO 8601: the status of the batch, the end of a job, the outcome of a file, or the step of the run. */
  since: string;
  /** What to look at, and what to do. */
  advice: string;
}

/** A directory whose batch is stuck. */
export interface StuckDirectory {
  directoryId: string;
  /** When something last changed in its batch, ISO 8601. */
  since: string;
}

/** Argument of the signal by which a batch tells `processDirectories` that it is stuck, or no longer (`null`). */
export interface StuckReport {
  directoryId: string;
  since: string | null;
}
