/** What a run is started with, whether by the client or by the Nexus service. */
import type { Priority } from '@temporalio/common';
import { checkBatchInput, checkCorpusInput, checkDirectoriesInput } from '../activities/input/index.js';
import {
  cleanText,
  corpusWorkflowId,
  type ProcessBatchInput,
  type ProcessCorpusInput,
  type ProcessDirectoriesInput,
  renderSummary,
  WORKFLOW_TYPES,
} from '../protocol/index.js';
import { toFairnessKey } from './fairness.js';
import { batchWorkflowId, directoriesWorkflowId, trimIds } from './workflow-ids.js';

/** Options of Temporal's `start`. */
export interface RunStart<Input> {
  workflowType: string;
  workflowId: string;
  args: [Input];
  /** Summary in the Temporal UI. */
  staticSummary: string;
  priority: Priority;
}

/**
 * @param workflowId Default {@link batchWorkflowId}.
 * @throws `InvalidInput`, which names every wrong field.
 */
export function toBatchStart(input: ProcessBatchInput, workflowId?: string): RunStart<ProcessBatchInput> {
  checkBatchInput(input);
  return toRunStart(WORKFLOW_TYPES.processBatch, workflowId ?? batchWorkflowId(input), input, summarize(input));
}

/**
 * @param workflowId Default {@link directoriesWorkflowId}.
 * @throws `InvalidInput`, which names every wrong field.
 */
export function toDirectoriesStart(
  input: ProcessDirectoriesInput,
  workflowId?: string,
): RunStart<ProcessDirectoriesInput> {
  checkDirectoriesInput(input);
  const summary = renderSummary(`${input.directoryIds.length} directories`, input.job);
  return toRunStart(WORKFLOW_TYPES.processDirectories, workflowId ?? directoriesWorkflowId(input), input, summary);
}

/**
 * @param workflowId Default: the lock of the output folder.
 * @throws `InvalidInput`, which names every wrong field.
 */
export function toCorpusStart(
  input: ProcessCorpusInput,
  taskQueue: string,
  workflowId?: string,
): RunStart<ProcessCorpusInput> {
  const { source, output, job } = checkCorpusInput(input);
  const id = workflowId ?? corpusWorkflowId(taskQueue, output);
  return toRunStart(WORKFLOW_TYPES.processCorpus, id, input, renderSummary(cleanText(source), job));
}

function toRunStart<Input>(workflowType: string, workflowId: string, input: Input, summary: string): RunStart<Input> {
  return {
    workflowType,
    workflowId,
    args: [input],
    staticSummary: summary,
    priority: { fairnessKey: toFairnessKey(workflowId) },
  };
}

/** The summary in the Temporal UI. */
export function summarize(input: ProcessBatchInput): string {
  if (input.batchId === undefined) {
    const { directoryId, job } = trimIds(input);
    return renderSummary(directoryId, job);
  }
  const batchId = input.batchId.trim();
  if (!input.onlyMissing) return `Batch ${batchId}`;
  return `Files of batch ${batchId} without a document${input.retryFailed ? ', with new jobs for failed ones' : ''}`;
}
