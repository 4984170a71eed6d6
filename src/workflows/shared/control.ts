/** Pausing and resuming a run, and changing its `maxConcurrentJobs`, while it is open. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  CONTROL_SIGNAL,
  cleanText,
  MAX_CONCURRENT_JOBS_LIMIT,
  PAUSE_UPDATE,
  type Pause,
  type PauseOptions,
  RESUME_UPDATE,
  RUN_STATE_PAUSED,
  RUN_STATE_STUCK,
  type RunControl,
  SEARCH_ATTRIBUTES,
  SET_MAX_CONCURRENT_JOBS_UPDATE,
  type Stuck,
} from '../../protocol/index.js';
import { code } from './details.js';
import { formatTime } from './times.js';

/** Starts no more children and polls no more, until `resume`. What runs goes on. Pausing again replaces who and why. */
export const pauseUpdate = defineUpdate<Pause, [options: PauseOptions | undefined]>(PAUSE_UPDATE);
/** Ends a pause. Does nothing if the run is not paused. */
export const resumeUpdate = defineUpdate<void>(RESUME_UPDATE);
/** Children for files at a time, 1 to 500. Those that are running go on. */
export const setMaxConcurrentJobsUpdate = defineUpdate<void, [maxConcurrentJobs: number]>(
  SET_MAX_CONCURRENT_JOBS_UPDATE,
);
const controlSignal = defineSignal<[RunControl]>(CONTROL_SIGNAL);

export interface ControlledState {
  phase: string;
  control: RunControl;
  stuck: Stuck | null;
  opened: { hasRunState?: boolean } | null;
}

const RUN_STATE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.runState, SearchAttributeType.KEYWORD);

/**
 * Handles the updates of a run. Each takes effect at once, so that none is under way when the run continues as new.
 *
 * @param publish Shows the change in the details.
 */
export function handleControl(state: ControlledState, publish: () => void): void {
  const change = (changes: Partial<RunControl>) => {
    state.control = { ...state.control, ...changes };
    publishRunState(state);
    publish();
  };
  const startPause = ({ reason, by }: PauseOptions = {}): Pause => {
    const pause = { reason: toText(reason, 500), by: toText(by, 100), since: new Date().toISOString() };
    change({ pause });
    return pause;
  };
  setHandler(pauseUpdate, startPause, {
    description: 'Start no more children and poll no more, until resume. What runs goes on.',
    validator: (options) => {
      assertOpen(state);
      assertPauseOptions(options);
    },
  });
  setHandler(resumeUpdate, () => change({ pause: null }), {
    description: 'End a pause.',
    validator: () => assertOpen(state),
  });
  setHandler(setMaxConcurrentJobsUpdate, (maxConcurrentJobs) => change({ maxConcurrentJobs }), {
    description: 'Change how many children are open at a time.',
    validator: (count) => {
      assertOpen(state);
      if (!isJobLimit(count))
        throw new TypeError(`maxConcurrentJobs is not a whole number from 1 to ${MAX_CONCURRENT_JOBS_LIMIT}`);
    },
  });
  setHandler(controlSignal, (value) => {
    const control = readControl(value);
    if (isOpen(state) && control !== undefined) change(control);
  });
}

/** A person can send the signal with anything: an error would fail each workflow task. Returns `undefined` if it makes no sense. */
function readControl(value: unknown): RunControl | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pause, maxConcurrentJobs }: { pause?: unknown; maxConcurrentJobs?: unknown } = value;
  const read = pause === null ? null : readPause(pause);
  if (read === undefined || (maxConcurrentJobs !== null && !isJobLimit(maxConcurrentJobs))) return undefined;
  return { pause: read, maxConcurrentJobs };
}

function readPause(value: unknown): Pause | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { reason, by, since }: { reason?: unknown; by?: unknown; since?: unknown } = value;
  if (![reason, by].every((text) => text === null || typeof text === 'string') || typeof since !== 'string')
    return undefined;
  return { reason: toText(reason, 500), by: toText(by, 100), since: cleanText(since, 100) };
}

function isJobLimit(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CONCURRENT_JOBS_LIMIT;
}

/** Shows in the search attribute whether the run is paused or stuck, if it is registered. */
export function publishRunState({ control, stuck, opened }: ControlledState): void {
  if (opened?.hasRunState !== true) return;
  const value = control.pause !== null ? RUN_STATE_PAUSED : stuck !== null ? RUN_STATE_STUCK : null;
  upsertSearchAttributes([{ key: RUN_STATE, value }]);
}

export function renderHeading({ control, stuck }: ControlledState, label: string): string {
  if (control.pause !== null) return `Paused: ${label}`;
  return stuck === null ? label : `Stuck: ${label}`;
}

/** A sentence for the details; `null` for a run that is not paused. */
export function describePause({ control: { pause } }: ControlledState): string | null {
  if (pause === null) return null;
  const by = pause.by === null ? '' : ` by ${code(pause.by)}`;
  const reason = pause.reason === null ? '' : `: ${code(pause.reason)}`;
  return `Paused${by} since ${formatTime(Date.parse(pause.since))}${reason}. The update \`${RESUME_UPDATE}\` ends the pause.`;
}

/** For a run that is stopping or has ended: it waits for nobody. */
export function endPause(state: ControlledState): void {
  if (state.control.pause === null) return;
  state.control = { ...state.control, pause: null };
  publishRunState(state);
}

/** How many may be open at a time. */
export function openLimit({ control }: ControlledState, limit: number): number {
  return control.pause === null ? limit : 0;
}

export async function untilResumed(state: ControlledState): Promise<void> {
  // A resume and the next pause may come together.
  while (state.control.pause !== null) await condition(() => state.control.pause === null);
}

/** Runs activities that poll. When the run is paused they are cancelled, and started again when it is resumed. */
export async function pollUnlessPaused<T>(state: ControlledState, poll: () => Promise<T>): Promise<T> {
  for (;;) {
    await untilResumed(state);
    const scope = new CancellationScope();
    try {
      const found = await scope.run(() =>
        Promise.race([poll().then((value) => ({ value })), condition(() => state.control.pause !== null)]),
      );
      if (found !== undefined) return found.value;
    } finally {
      scope.cancel();
    }
  }
}

/** Passes on to a child what changes of the run while something waits for that child. */
export async function passOnControl<T>(state: ControlledState, workflowId: string, wait: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  const passOn = async () => {
    for (let known = state.control; ; known = state.control) {
      await condition(() => state.control !== known);
      // The child may have ended meanwhile.
      await getExternalWorkflowHandle(workflowId)
        .signal(controlSignal, state.control)
        .catch(() => undefined);
    }
  };
  scope.run(passOn).catch(() => undefined);
  try {
    return await wait();
  } finally {
    scope.cancel();
  }
}

export function isOpen({ phase }: ControlledState): boolean {
  return !['stopping', 'completed', 'failed', 'cancelled'].includes(phase);
}

function assertOpen(state: ControlledState): void {
  if (!isOpen(state)) throw new TypeError(`the run is ${state.phase}`);
}

function assertPauseOptions(options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw new TypeError('the argument is not { reason?, by? }');
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'reason' && name !== 'by') throw new TypeError('the argument is not { reason?, by? }');
    if (value !== undefined && typeof value !== 'string') throw new TypeError(`${name} is not a text`);
  }
}

function toText(text: unknown, maxLength: number): string | null {
  return typeof text === 'string' ? cleanText(text, maxLength) || null : null;
}
