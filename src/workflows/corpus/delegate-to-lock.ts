import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  type CorpusReport,
  cleanText,
  isCorpusReport,
  type ProcessCorpusInput,
  renderSummary,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { waitForEarlierChild } from '../shared/activities.js';
import { executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { passOnControl, untilResumed } from '../shared/control.js';
import { code } from '../shared/details.js';
import { publishCorpus, setCorpusPhase } from './publish.js';
import type { CorpusState } from './state.js';

function findDetail(cause: Error | undefined): unknown {
  return cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
}

/** What the child has done is what this run has done. */
function takeReport(
  state: CorpusState,
  { files, failures, bytes, credits, manifest, unchanged, gone, budget }: CorpusReport,
): void {
  Object.assign(state, { files, failures, bytes, credits, manifest, unchanged, gone, budget: budget ?? null });
}

/**
 * Does the work as a child whose workflow id is the lock of the output folder. While another run has it, waits: afterwards most files are
 * unchanged.
 */
export async function delegateToLock(
  state: CorpusState,
  input: ProcessCorpusInput,
  lockId: string,
): Promise<CorpusReport> {
  for (;;) {
    await untilResumed(state);
    try {
      state.waitingFor = `The work is done by ${code(lockId)}.`;
      setCorpusPhase(state, 'processing');
      const report = await passOnControl(state, lockId, () =>
        executeCancellableChild<(input: ProcessCorpusInput) => Promise<CorpusReport>>(WORKFLOW_TYPES.processCorpus, {
          workflowId: lockId,
          args: [input],
          staticSummary: renderSummary(cleanText(input.source), input.job),
          ...CANCELLED_WITH_PARENT,
        }),
      );
      state.waitingFor = null;
      takeReport(state, report);
      setCorpusPhase(state, 'completed');
      return report;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        const report = error instanceof ChildWorkflowFailure ? findDetail(error.cause) : undefined;
        if (isCorpusReport(report)) takeReport(state, report);
        throw error;
      }
      state.waitingFor = `Another run processes this corpus: ${code(lockId)}. This run waits for its end.`;
      publishCorpus(state);
      const options = { summary: `Wait for ${lockId}` };
      await waitForEarlierChild.executeWithOptions(options, [{ workflowId: lockId }]);
    }
  }
}
