/** What a run over many directories shows in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import { DIRECTORIES_PHASE_LABELS, type DirectoriesPhase } from '../../protocol/index.js';
import { describePause, renderHeading } from '../shared/control.js';
import { code, renderDetails, renderFileCounts, renderJob } from '../shared/details.js';
import { enterPhase } from '../shared/run-state.js';
import { describeStuck } from '../shared/stuck.js';
import type { DirectoriesState } from './state.js';

export function setDirectoriesPhase(state: DirectoriesState, phase: DirectoriesPhase): void {
  enterPhase(state, phase);
  publishDirectories(state);
}

export function publishDirectories(state: DirectoriesState): void {
  const { opened, directories, failure, lastFailures } = state;
  const isOpen = opened !== null;
  setCurrentDetails(
    renderDetails({
      heading: renderHeading(state, DIRECTORIES_PHASE_LABELS[state.phase]),
      note: describePause(state) ?? describeStuck(state),
      failure,
      rows: [
        ['Job', isOpen ? renderJob(opened.job) : null],
        ['Directories', isOpen ? directories.total : null],
        ['Directories completed', isOpen ? directories.completed : null],
        ['Directories failed', isOpen ? directories.failed : null],
        ['Directories cancelled', directories.cancelled || null],
        ['Directories skipped', directories.skipped || null],
        ['Batches running', state.running || null],
        ...renderFileCounts(state.files),
        ['Credits', state.credits],
        ['Manifest', code(state.manifest)],
      ],
      failures: lastFailures.map(({ directoryId: name, type, message }) => ({ name, type, message })),
    }),
  );
}
