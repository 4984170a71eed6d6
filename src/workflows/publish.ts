import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import {
  BATCH_ID_MEMO,
  type BatchPhase,
  type BatchRequest,
  PHASE_WORDS,
  REPORT_MEMO,
  SEARCH_ATTRIBUTES,
  WORK_MEMO,
  workOf,
} from '../protocol/index.js';
import { code, detailsMarkdown, fileRows, jobOf } from './details.js';
import { type BatchState, reportOf } from './state.js';

const BATCH_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchId, SearchAttributeType.KEYWORD);
const BATCH_STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchStatus, SearchAttributeType.KEYWORD);
const DIRECTORY_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.directoryId, SearchAttributeType.KEYWORD);
const JOB_TYPE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.jobType, SearchAttributeType.KEYWORD);

/** Before a batch is created: tells other runs over the same work that one may come of this. */
export function publishWork(request: BatchRequest): void {
  upsertMemo({ [WORK_MEMO]: workOf(request) });
}

/** Step 2: makes the batch findable at once, so that from here on a crash can always be picked up. */
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

/** What the run is at now, for the details and the progress query. */
export function enter(state: BatchState, phase: BatchPhase): void {
  state.phase = phase;
  publishDetails(state);
}

/** What a stopped run had finished. It has no result to say so in, or only a failure. */
export function publishReport(state: BatchState): void {
  const report = reportOf(state);
  if (report !== undefined) upsertMemo({ [REPORT_MEMO]: report });
  publishDetails(state);
}

export function publishStatus(state: BatchState, status: string): void {
  if (status === state.status) return;
  state.status = status;
  if (state.opened?.searchAttributes) upsertSearchAttributes([{ key: BATCH_STATUS, value: status }]);
  publishDetails(state);
}

export function publishDetails(state: BatchState): void {
  setCurrentDetails(detailsOf(state));
}

export function detailsOf(state: BatchState): string {
  const { opened, files, phase, lastFailures } = state;
  return detailsMarkdown({
    heading: PHASE_WORDS[phase],
    note: phase === 'waiting' ? WAITING_NOTE : null,
    rows: [
      ['Batch', code(state.batchId)],
      ['Status', state.status],
      ['Directory', code(opened?.request.directoryId)],
      ['Job', opened === null ? null : jobOf(opened.request.job)],
      ...fileRows(files),
      ['Running', phase === 'processing' ? state.running : null],
      ['Credits', state.credits],
      ['Manifest', code(state.manifest)],
    ],
    failures: lastFailures.map(({ fileId, name = fileId, ...failure }) => ({ name, ...failure })),
  });
}

/** The UI marks every attempt after the first as a retry, in red. */
const WAITING_NOTE = 'Each attempt of `watchBatch` below is one look at the batch, not an error.';
