/** A run, as application code follows it: the same for one batch and for many. */
import { type Client, type WorkflowExecutionDescription, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { PROGRESS_QUERY, REPORT_MEMO } from './protocol/index.js';

/** A run, under way or ended. */
export interface RunHandle<Report, Progress> {
  readonly workflowId: string;
  /** Missing where it is whatever run is the latest of the workflow id. */
  readonly runId: string | undefined;
  /** How far it is. Asks the workflow, so a worker has to be there. */
  progress(): Promise<Progress>;
  /**
   * Waits for the end. @throws WorkflowFailedError when the run failed, was cancelled or terminated: tell by
   * `isFailure(error, 'TooManyFailedFiles')` and the like.
   */
  result(): Promise<Report>;
  /**
   * Waits for the end, however the run ends, and returns what it had finished: also of a run that failed, was cancelled or
   * passed its deadline. `undefined` where it ended before there was a batch.
   *
   * @throws Temporal's own error when the report can't be asked for or read: `WorkflowNotFoundError` where there is no such
   * workflow, `ServiceError` where the server can't be reached, the data converter's error where the result can't be decoded.
   */
  report(): Promise<Report | undefined>;
  /** Asks the run to stop: it cancels what it has made in LlamaCloud, and its open children. Returns at once. */
  cancel(): Promise<void>;
}

/**
 * @param runId Of the run, or of any that it has continued as. `undefined`: the latest of this workflow id.
 * @param isReport Tells a report of this kind of run from whatever else a failure's details or a memo may hold.
 */
export function runHandle<Report, Progress>(
  { workflow }: Client,
  workflowId: string,
  runId: string | undefined,
  isReport: (value: unknown) => value is Report,
): RunHandle<Report, Progress> {
  // Follows continue-as-new to the end of the chain.
  const chain = workflow.getHandle(workflowId, runId, { followRuns: true });
  /** The latest run of this chain, or the run that was asked for where another chain has taken the id. */
  const current = async () => {
    if (runId === undefined) return workflow.getHandle(workflowId);
    const [own, latest] = await Promise.all([chain.describe(), workflow.getHandle(workflowId).describe()]);
    const isLatest = firstRunId(own) === firstRunId(latest);
    return workflow.getHandle(workflowId, isLatest ? undefined : runId);
  };
  const asReport = (value: unknown) => (isReport(value) ? value : undefined);
  return {
    workflowId,
    runId,
    progress: async () => (await current()).query<Progress>(PROGRESS_QUERY),
    result: () => chain.result(),
    report: async () => {
      try {
        return await chain.result();
      } catch (error) {
        // Any other error says nothing of the run, so it must not read as a run that ended before there was a batch.
        if (!(error instanceof WorkflowFailedError)) throw error;
        const carried = asReport(firstDetail(error));
        if (carried !== undefined) return carried;
        const { memo } = await (await current()).describe();
        return asReport(memo?.[REPORT_MEMO]);
      }
    },
    cancel: async () => {
      await (await current()).cancel();
    },
  };
}

function firstRunId({ raw }: WorkflowExecutionDescription): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}

/** The first detail of the failure that the run ended with. */
function firstDetail({ cause }: WorkflowFailedError): unknown {
  return cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
}
