import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedCorpus } from '../../activities/types.js';
import { type CorpusRun, cleanText, rootFailure, WORKFLOW_TYPES } from '../../protocol/index.js';
import { childWorkflowId } from '../batch/child-id.js';
import { planCorpusPart, waitForEarlierChild } from '../shared/activities.js';
import { cancelWithScope, executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { openLimit, passOnControl, untilResumed } from '../shared/control.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { beginPart, leavePart, reservePart, settlePart, toBudgetedPart } from './budget.js';
import type { PartReport, processCorpusPart } from './process-corpus-part.js';
import { publishCorpus, setCorpusPhase } from './publish.js';
import { type CorpusState, type PlannedPart, recordPart, recordSegment } from './state.js';
import { wasTerminated } from './was-terminated.js';

/**
 * Plans the parts of a corpus and processes them, at most `maxConcurrentBatches` at a time: while one is listed, others are uploaded,
 * processed by LlamaCloud and collected. Ends when all are done, or after so many that the run has to continue as new.
 */
export async function processParts(state: CorpusState, opened: OpenedCorpus, run: CorpusRun): Promise<void> {
  setCorpusPhase(state, 'processing');
  const queue = new ReadyQueue<PlannedPart>(() => openLimit(state, opened.input.maxConcurrentBatches));
  const waiting = new Set<PlannedPart>();
  const planning = new CancellationScope();
  const planned = planning
    .run(() => planParts(state, run, queue, waiting))
    .then(
      () => queue.close(),
      (error: unknown) => queue.close(isCancellation(error) ? undefined : error),
    );
  try {
    await queue.run(
      async (part) => {
        waiting.delete(part);
        await processPart(state, opened, run, part);
        publishCorpus(state);
      },
      () => state.haltCause !== null,
    );
  } finally {
    planning.cancel();
    await planned;
  }
}

/** Plans one part ahead of those that are open. */
async function planParts(
  state: CorpusState,
  run: CorpusRun,
  queue: ReadyQueue<PlannedPart>,
  waiting: Set<PlannedPart>,
): Promise<void> {
  // A source with few changes has many segments without a part.
  for (let parts = 0; !state.isListed && parts < state.partsPerExecution && !workflowInfo().continueAsNewSuggested; ) {
    await untilResumed(state);
    await condition(() => waiting.size === 0);
    const { cursor, segments, planning, partSize } = state;
    const budgeted = toBudgetedPart(state);
    const input = { run, cursor, segment: segments.length, room: partSize - planning.files, ...budgeted };
    const summary = `List ${cleanText(run.source)}, from ${cursor === null ? 'its beginning' : cleanText(cursor)}`;
    const part = recordSegment(state, await planCorpusPart.executeWithOptions({ summary }, [input]));
    publishCorpus(state);
    if (part === undefined) continue;
    parts += 1;
    if (await reservePart(state, run, part, () => state.running > 0 || waiting.size > 0)) {
      waiting.add(part);
      queue.add(part);
    } else await leavePart(state, run, part);
    publishCorpus(state);
  }
}

/** Runs one part as a child. One that is terminated twice leaves its files unprocessed: the next run takes them. */
async function processPart(
  state: CorpusState,
  { input }: OpenedCorpus,
  run: CorpusRun,
  planned: PlannedPart,
): Promise<void> {
  const { part, segments, files } = planned;
  const workflowId = childWorkflowId(`part-${String(part).padStart(5, '0')}`);
  const start = () =>
    executeCancellableChild<typeof processCorpusPart>(WORKFLOW_TYPES.processCorpusPart, {
      workflowId,
      args: [{ run, part, segments, batchOptions: input.batchOptions, control: state.control }],
      staticSummary: `${files} files of ${cleanText(run.source)}`,
      ...CANCELLED_WITH_PARENT,
    });
  const execute = () => passOnControl(state, workflowId, () => startWhenIdIsFree(start, workflowId));
  state.running += 1;
  beginPart(state, planned);
  try {
    const report = await execute().catch((error: unknown) => {
      if (!wasTerminated(error)) throw error;
      // It finds what the first one has uploaded and created, and writes the lines of that.
      log.warn('A part did not end by itself: it is started once more', { part, message: rootFailure(error).message });
      return execute();
    });
    recordPart(state, part, report.outcome);
    settlePart(state, planned, report);
    state.haltCause ??= report.haltCause;
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    log.warn('A part did not end by itself: its files are processed by the next run', {
      part,
      message: rootFailure(error).message,
    });
  } finally {
    state.running -= 1;
  }
}

/** A part of the same id may still be open: one that this run had started before a person reset it. */
async function startWhenIdIsFree(start: () => Promise<PartReport>, workflowId: string): Promise<PartReport> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const options = { summary: `Wait for the earlier ${workflowId}` };
      const wait = () => waitForEarlierChild.executeWithOptions(options, [{ workflowId }]);
      await cancelWithScope(workflowId, wait);
    }
  }
}
