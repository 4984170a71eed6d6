/** What a person can change of a run that is open. */

/** Argument of the update `pause`. Both texts are shown to whoever looks at the run. */
export interface PauseOptions {
  /** Why. At most 500 characters. */
  reason?: string;
  /** Who. At most 100 characters. */
  by?: string;
}

/** A pause that is in force. */
export interface Pause {
  reason: string | null;
  by: string | null;
  /** Since when, ISO 8601. */
  since: string;
}

/** The changes that are in force. A run over many directories passes them on to its batches. */
export interface RunControl {
  pause: Pause | null;
  /** In place of the input's `maxConcurrentJobs`; `null`: that one holds. */
  maxConcurrentJobs: number | null;
}

/** Values of the search attribute `LlamaCloudRunState`. A run that is neither paused nor stuck has none. */
export const RUN_STATE_PAUSED = 'PAUSED';
export const RUN_STATE_STUCK = 'STUCK';
