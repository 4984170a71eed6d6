/** What a run over a corpus shows in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import { CORPUS_PHASE_LABELS, type CorpusPhase } from '../../protocol/index.js';
import { describePause, renderHeading } from '../shared/control.js';
import { code, renderDetails, renderFileCounts, renderJob } from '../shared/details.js';
import { enterPhase } from '../shared/run-state.js';
import type { CorpusState } from './state.js';

export function setCorpusPhase(state: CorpusState, phase: CorpusPhase): void {
  enterPhase(state, phase);
  publishCorpus(state);
}

export function publishCorpus(state: CorpusState): void {
  const { opened, failure, lastFailures, isListed } = state;
  setCurrentDetails(
    renderDetails({
      heading: renderHeading(state, CORPUS_PHASE_LABELS[state.phase]),
      note: describePause(state) ?? state.waitingFor,
      failure,
      rows: [
        ['Source', code(opened?.input.source)],
        ['Job', opened === null ? null : renderJob(opened.input.job)],
        ['Listed', opened === null ? null : `${state.listed}${isListed ? '' : ' so far'}`],
        ['Unchanged', opened === null ? null : state.unchanged],
        ['Gone', state.gone || null],
        ...renderFileCounts(state.files),
        ['Parts running', state.running || null],
        ['Credits', state.credits],
        ['Budget', renderBudget(state)],
        ['Manifest', code(state.manifest)],
      ],
      failures: lastFailures.map(({ path: name, type, message }) => ({ name, type, message })),
    }),
  );
}

/** `48 of 50 credits spent or reserved, 12 files left`. */
function renderBudget({ budget }: CorpusState): string | null {
  if (budget === null) return null;
  const { maxCredits, spent, filesLeft } = budget;
  const left = filesLeft === 0 ? '' : `, ${filesLeft} files left`;
  return `${Math.ceil(spent)} of ${maxCredits} credits spent or reserved${left}`;
}
