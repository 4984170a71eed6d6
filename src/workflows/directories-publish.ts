import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import { DIRECTORIES_PHASE_WORDS, type DirectoriesPhase, REPORT_MEMO } from '../protocol/index.js';
import { code, detailsMarkdown, fileRows, jobOf } from './details.js';
import { type DirectoriesState, directoriesReportOf } from './directories-state.js';

/** What the run is at now, for the details and the progress query. */
export function enterDirectories(state: DirectoriesState, phase: DirectoriesPhase): void {
  state.phase = phase;
  publishDirectories(state);
}

/** What a cancelled run had finished: it has no result to say so in. */
export function publishDirectoriesReport(state: DirectoriesState): void {
  const report = directoriesReportOf(state);
  if (report !== undefined) upsertMemo({ [REPORT_MEMO]: report });
}

export function publishDirectories(state: DirectoriesState): void {
  setCurrentDetails(directoriesDetailsOf(state));
}

function directoriesDetailsOf(state: DirectoriesState): string {
  const { opened, directories, lastFailures } = state;
  return detailsMarkdown({
    heading: DIRECTORIES_PHASE_WORDS[state.phase],
    rows: [
      ['Job', opened === null ? null : jobOf(opened.job)],
      ['Directories', directories.total || null],
      ['Directories completed', directories.total ? directories.completed : null],
      ['Directories failed', directories.total ? directories.failed : null],
      ['Directories cancelled', directories.cancelled || null],
      ['Directories skipped', directories.skipped || null],
      ['Batches running', state.phase === 'done' ? null : state.running],
      ...fileRows(state.files),
      ['Credits', state.credits],
      ['Manifest', code(state.manifest)],
    ],
    failures: lastFailures.map(({ directoryId: name, ...failure }) => ({ name, ...failure })),
  });
}
