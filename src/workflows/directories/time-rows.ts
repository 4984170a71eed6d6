import type { DetailsRow } from '../shared/details.js';
import { formatTime, renderNextRetry, renderTimeLeft } from '../shared/times.js';
import type { DirectoriesState } from './state.js';

/** The same as for a run over one batch: its child workflows poll, and each has a time limit of its own. */
export function renderDirectoriesTimeRows(state: DirectoriesState): DetailsRow[] {
  const { phase, directories, startedAtMs, control } = state;
  if (phase === 'completed' || phase === 'failed' || phase === 'cancelled') return [];
  const isProcessing = phase === 'processing';
  const isPaused = control.pause !== null;
  return [
    [
      'Next poll',
      isProcessing && !isPaused ? 'in the details of each child workflow: *Relationships* lists them' : null,
    ],
    ['Next try', renderNextTry(state)],
    ['Time left', isProcessing && !isPaused ? renderTimeLeft(directories, startedAtMs, Date.now()) : null],
    ['Last change', formatTime(Date.now())],
  ];
}

const IN_THE_CHILDREN = 'in the details of each child workflow: *Relationships* lists them';

function renderNextTry({ phase }: DirectoriesState): string | null {
  switch (phase) {
    case 'opening':
      return renderNextRetry('openDirectories');
    case 'reporting':
      return renderNextRetry('writeDirectoriesManifest');
    case 'stopping':
      return IN_THE_CHILDREN;
    default:
      return null;
  }
}
