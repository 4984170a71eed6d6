/** What a run shows of itself: details, search attributes and memo. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import {
  BATCH_ID_MEMO,
  type BatchPhase,
  cleanText,
  type FailureSummary,
  PHASE_LABELS,
  REPORT_MEMO,
  SEARCH_ATTRIBUTES,
} from '../../protocol/index.js';
import { code, renderDetails, renderFileCounts, renderJob } from '../shared/details.js';
import { type BatchState, toReport } from './state.js';

const BATCH_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchId, SearchAttributeType.KEYWORD);
const BATCH_STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchStatus, SearchAttributeType.KEYWORD);
const DIRECTORY_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.directoryId, SearchAttributeType.KEYWORD);
const JOB_TYPE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.jobType, SearchAttributeType.KEYWORD);

/** Step 3: makes the batch findable at once, so that from here on a crash can always be picked up. */
export function publishBatch(state: BatchState): void {
  const { opened, batchId, status } = state;
  if (opened === null || batchId === null) return;
  upsertMemo({ [BATCH_ID_MEMO]: batchId });
  if (opened.searchAttributes) {
    upsertSearchAttributes([
      { key: BATCH_ID, value: batchId },
      { key: BATCH_STATUS, value: status },
      { key: DIRECTORY_ID, value: opened.request.directoryId },
      { key: JOB_TYPE, value: opened.request.job.type },
    ]);
  }
  publishDetails(state);
}

/** Sets what the run does now. Steps that are part of a stop do not change the phase. */
export function setPhase(state: BatchState, phase: BatchPhase): void {
  const isEnd = phase === 'completed' || phase === 'failed' || phase === 'cancelled';
  if (state.phase !== 'stopping' || isEnd) state.phase = phase;
  publishDetails(state);
}

/** Sets the last status seen of the batch. */
export function setStatus(state: BatchState, status: string): void {
  if (status === state.status) return;
  state.status = status;
  if (state.opened?.searchAttributes) upsertSearchAttributes([{ key: BATCH_STATUS, value: status }]);
  publishDetails(state);
}

/** What a run that was cancelled or failed had finished: Temporal keeps no result of it. */
export function publishReport(state: BatchState): void {
  const report = toReport(state);
  if (report !== undefined) upsertMemo({ [REPORT_MEMO]: report });
}

/** How the run ended, and why. */
export function publishEnd(state: BatchState, phase: 'failed' | 'cancelled', { type, message }: FailureSummary): void {
  state.blockedBy = null;
  state.failure = { type: cleanText(type), message: cleanText(message) };
  setPhase(state, phase);
}

export function publishDetails(state: BatchState): void {
  const { opened, files, phase, lastFailures, blockedBy, failure } = state;
  setCurrentDetails(
    renderDetails({
      heading: PHASE_LABELS[phase],
      note: phase === 'waiting' ? WAITING_NOTE : blockedBy,
      failure,
      rows: [
        ['Batch', code(state.batchId)],
        ['Status', code(state.status)],
        ['Directory', code(opened?.request.directoryId)],
        ['Job', opened === null ? null : renderJob(opened.request.job)],
        ...renderFileCounts(files),
        ['Running', phase === 'processing' ? state.running : null],
        ['Credits', state.credits],
        ['Manifest', code(state.manifest)],
      ],
      failures: lastFailures.map(({ fileId, name = fileId, type, message }) => ({ name, type, message })),
    }),
  );
}

/** The UI marks every attempt after the first as a retry, in red. */
const WAITING_NOTE = 'Each attempt of `waitForBatch` below is one poll of the batch, not an error.';
