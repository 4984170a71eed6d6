import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import {
  cleanText,
  DIRECTORIES_PHASE_LABELS,
  type DirectoriesPhase,
  type FailureSummary,
  REPORT_MEMO,
} from '../../protocol/index.js';
import { code, renderDetails, renderFileCounts, renderJob } from '../shared/details.js';
import { type DirectoriesState, toDirectoriesReport } from './state.js';

/** Sets what the run does now. */
export function setDirectoriesPhase(state: DirectoriesState, phase: DirectoriesPhase): void {
  state.phase = phase;
  publishDirectories(state);
}

/** What a cancelled run had finished: it has no result to say so in. */
export function publishDirectoriesReport(state: DirectoriesState): void {
  const report = toDirectoriesReport(state);
  if (report !== undefined) upsertMemo({ [REPORT_MEMO]: report });
}

/** How the run ended, and why. */
export function publishDirectoriesEnd(
  state: DirectoriesState,
  phase: 'failed' | 'cancelled',
  { type, message }: FailureSummary,
): void {
  state.failure = { type: cleanText(type), message: cleanText(message) };
  setDirectoriesPhase(state, phase);
}

export function publishDirectories(state: DirectoriesState): void {
  setCurrentDetails(renderDirectories(state));
}

function renderDirectories(state: DirectoriesState): string {
  const { opened, directories, lastFailures, failure } = state;
  return renderDetails({
    heading: DIRECTORIES_PHASE_LABELS[state.phase],
    failure,
    rows: [
      ['Job', opened === null ? null : renderJob(opened.job)],
      ['Directories', directories.total || null],
      ['Directories completed', directories.total ? directories.completed : null],
      ['Directories failed', directories.total ? directories.failed : null],
      ['Directories cancelled', directories.cancelled || null],
      ['Directories skipped', directories.skipped || null],
      ['Batches running', state.running || null],
      ...renderFileCounts(state.files),
      ['Credits', state.credits],
      ['Manifest', code(state.manifest)],
    ],
    failures: lastFailures.map(({ directoryId: name, type, message }) => ({ name, type, message })),
  });
}
