import { defineSignal, setHandler } from '@temporalio/workflow';
import { STUCK_SIGNAL, type StuckReport } from '../../protocol/index.js';
import { code } from '../shared/details.js';
import { setStuck } from '../shared/stuck.js';
import { publishDirectories } from './publish.js';
import { type DirectoriesState, findStuckDirectories } from './state.js';

const stuckSignal = defineSignal<[StuckReport]>(STUCK_SIGNAL);

/** A person can send the signal with anything, and an error would fail each workflow task. */
function isStuckReport(value: unknown): value is StuckReport {
  if (typeof value !== 'object' || value === null) return false;
  const { directoryId, since }: { directoryId?: unknown; since?: unknown } = value;
  return typeof directoryId === 'string' && (since === null || typeof since === 'string');
}

/** Handles what the batches say: the run is stuck while one of them is. */
export function handleStuckBatches(state: DirectoriesState): void {
  setHandler(stuckSignal, (report) => {
    if (!isStuckReport(report)) return;
    const { directoryId, since } = report;
    // The batch may have ended since.
    if (!Object.hasOwn(state.stuckSince, directoryId)) return;
    state.stuckSince[directoryId] = since;
    publishStuck(state);
  });
}

/** A batch can get stuck from here on. */
export function trackBatch(state: DirectoriesState, directoryId: string): void {
  state.stuckSince[directoryId] = null;
}

export function forgetBatch(state: DirectoriesState, directoryId: string): void {
  const wasStuck = state.stuckSince[directoryId] != null;
  delete state.stuckSince[directoryId];
  if (wasStuck) publishStuck(state);
}

/** Names shown in the details. `progress` has all. */
const MAX_NAMES = 5;

function publishStuck(state: DirectoriesState): void {
  const stuck = findStuckDirectories(state).sort((a, b) => (a.since < b.since ? -1 : 1));
  const [first] = stuck;
  if (first === undefined) setStuck(state, null);
  else {
    const names = stuck.slice(0, MAX_NAMES).map(({ directoryId }) => code(directoryId));
    const more = stuck.length > names.length ? ` and ${stuck.length - names.length} more` : '';
    const advice = `Directories: ${names.join(', ')}${more}. The runs of their batches say what to do.`;
    setStuck(state, { since: first.since, advice });
  }
  publishDirectories(state);
}
