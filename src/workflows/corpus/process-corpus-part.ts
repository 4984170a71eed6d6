import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { PartOutcome, WritePartLinesInput } from '../../activities/types.js';
import {
  ACCOUNT_WIDE_FAILURES,
  type BatchReport,
  type CorpusBatchOptions,
  type CorpusRun,
  cleanText,
  createBatchWorkflowId,
  type FailureSummary,
  type FailureType,
  processBatchWorkflowId,
  type RunControl,
  renderSummary,
  rootFailure,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { processBatch } from '../batch/process-batch.js';
import {
  findDirectoryBatch,
  openPartDirectory,
  uploadPart,
  waitForEarlierChild,
  writePartLines,
} from '../shared/activities.js';
import { executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { readChildReport } from '../shared/child-report.js';
import { handleControl, passOnControl, untilResumed } from '../shared/control.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { wasTerminated } from './was-terminated.js';

/** Input of a `processCorpusPart` workflow. `processCorpus` starts it. */
export interface ProcessCorpusPartInput {
  run: CorpusRun;
  part: number;
  /** Names of the segments that the part consists of. */
  segments: string[];
  batchOptions: CorpusBatchOptions;
  /** What a person has changed of the run. */
  control: RunControl;
}

/** Result of a `processCorpusPart` workflow. */
export interface PartReport {
  outcome: PartOutcome;
  batchId: string | null;
  /** Whether the batch ended as FAILED. */
  isBatchFailed: boolean;
  /** Whether there may be a batch whose id is not known. */
  mayHaveBatch: boolean;
  /** A failure that every other part would have as well. */
  haltCause: FailureSummary | null;
}

interface PartState {
  phase: 'processing' | 'stopping';
  opened: null;
  stuck: null;
  control: RunControl;
  uploads: string | null;
  directoryId: string | null;
  directoryCreatedAt: string | null;
  batchId: string | null;
  hasStartedBatch: boolean;
}

/**
 * Processes one part of a corpus: uploads its files to a directory of their own, runs a batch over it, and writes the line of each file. Each step
 * looks for what was done before, so that a part that is run again, after a reset or by another run, pays for nothing twice.
 *
 * @returns The outcome, also of a part that failed or was cancelled.
 */
export async function processCorpusPart(input: ProcessCorpusPartInput): Promise<PartReport> {
  const state: PartState = {
    phase: 'processing',
    opened: null,
    stuck: null,
    control: input.control,
    uploads: null,
    directoryId: null,
    directoryCreatedAt: null,
    batchId: null,
    hasStartedBatch: false,
  };
  handleControl(state, () => undefined);
  let failure: unknown;
  try {
    await run(state, input);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    failure = error;
  }
  const isStopped = CancellationScope.current().consideredCancelled;
  const unprocessed = toUnprocessed(failure, isStopped);
  const { error } = unprocessed;
  const outcome = await CancellationScope.nonCancellable(() => writeLines(state, input, unprocessed));
  const isHalt = failure !== undefined && !isStopped && ACCOUNT_WIDE_FAILURES.has(error.type);
  const batchFailed: FailureType = 'BatchFailed';
  return {
    outcome,
    batchId: state.batchId,
    isBatchFailed: failure !== undefined && error.type === batchFailed,
    mayHaveBatch: state.hasStartedBatch && state.batchId === null && (isStopped || MAY_HAVE_BATCH.has(error.type)),
    haltCause: isHalt ? error : null,
  };
}

/** Failures after which a batch may have been created although its id is not known. */
const MAY_HAVE_BATCH: ReadonlySet<string> = new Set<FailureType>([
  'CreateOutcomeUnknown',
  'BatchCancelled',
  'BatchTimedOut',
]);

async function run(state: PartState, input: ProcessCorpusPartInput): Promise<void> {
  const { run, segments, part } = input;
  await untilResumed(state);
  const open = { summary: `Open the directory of part ${part}` };
  const directory = await openPartDirectory.executeWithOptions(open, [{ run, segments }]);
  const { directoryId, isExisting, createdAt } = directory;
  state.directoryId = directoryId;
  state.directoryCreatedAt = createdAt;
  const upload = { summary: `Upload the files of part ${part}` };
  const uploaded = await uploadPart.executeWithOptions(upload, [{ run, segments, part, directoryId, isExisting }]);
  state.uploads = uploaded.name;
  if (uploaded.uploaded > 0) await processDirectory(state, input, directoryId, uploaded.name);
}

/** Runs the batch as a child, and remembers its id even if it fails. */
async function processDirectory(
  state: PartState,
  { run, batchOptions }: ProcessCorpusPartInput,
  directoryId: string,
  uploads: string,
): Promise<void> {
  const { scope, job, collect, output, runId } = run;
  const spec = { directoryId, job };
  const workflowId = processBatchWorkflowId(spec);
  for (let isSecond = false; ; ) {
    await untilResumed(state);
    const batchId = await findEarlierBatch(run, directoryId, state.directoryCreatedAt);
    state.batchId = batchId;
    await untilResumed(state);
    const { maxConcurrentJobs } = state.control;
    const batch = batchId === null ? spec : { ...spec, batchId };
    const start = () =>
      executeCancellableChild<typeof processBatch>(WORKFLOW_TYPES.processBatch, {
        workflowId,
        args: [
          {
            ...batchOptions,
            ...(maxConcurrentJobs === null ? {} : { maxConcurrentJobs }),
            ...scope,
            ...batch,
            collect,
            reportedFailures: 0,
            corpusPart: { output, runId, uploads },
          },
        ],
        staticSummary: renderSummary(directoryId, job),
        ...CANCELLED_WITH_PARENT,
      });
    state.hasStartedBatch = true;
    try {
      const report: BatchReport = await passOnControl(state, workflowId, start);
      state.batchId = report.batchId;
      return;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) continue;
      if (!isTemporalFailure(error)) throw error;
      const { report, batchId: published = report?.batchId } = await readChildReport(error, workflowId);
      state.batchId = published ?? state.batchId;
      if (isSecond || !wasTerminated(error)) throw error;
      // Its batch goes on, and is paid for: a second one collects it. Whoever terminates that one as well wants its end.
      isSecond = true;
    }
  }
}

/** The batch that an earlier execution has created over the directory of this part. One that may still be creating it is waited for. */
async function findEarlierBatch(
  { scope, job }: CorpusRun,
  directoryId: string,
  directoryCreatedAt: string | null,
): Promise<string | null> {
  const spec = { directoryId, job };
  for (const workflowId of [processBatchWorkflowId(spec), createBatchWorkflowId(spec)]) {
    const options = { summary: `Wait for an earlier ${workflowId}, if any` };
    await waitForEarlierChild.executeWithOptions(options, [{ workflowId }]);
  }
  const options = { summary: `Look for an earlier batch over ${directoryId}` };
  const batch = await findDirectoryBatch.executeWithOptions(options, [{ ...spec, scope, directoryCreatedAt }]);
  return batch?.batchId ?? null;
}

/** The outcome of files that the batch has no line for. */
function toUnprocessed(failure: unknown, isStopped: boolean): WritePartLinesInput['unprocessed'] {
  if (isStopped || isCancellation(failure))
    return { status: 'SKIPPED', error: { type: 'Skipped', message: 'the run was stopped' } };
  if (failure === undefined)
    return { status: 'FAILED', error: { type: 'FileNotMapped', message: 'LlamaCloud has no result for this file' } };
  const { type, message } = rootFailure(failure);
  const error = { type: cleanText(type, 100), message: cleanText(message) };
  return { status: ACCOUNT_WIDE_FAILURES.has(error.type) ? 'SKIPPED' : 'FAILED', error };
}

function writeLines(
  { uploads, directoryId, batchId }: PartState,
  { run, segments, part }: ProcessCorpusPartInput,
  unprocessed: WritePartLinesInput['unprocessed'],
): Promise<PartOutcome> {
  const options = { summary: `Write the lines of part ${part}` };
  const input = { run, segments, part, uploads, directoryId, batchId, unprocessed };
  return writePartLines.executeWithOptions(options, [input]);
}
