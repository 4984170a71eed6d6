import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import {
  BATCH_ID_MEMO,
  type BatchPhase,
  type BatchRequest,
  type FileFailure,
  PHASE_WORDS,
  REPORT_MEMO,
  SEARCH_ATTRIBUTES,
  WORK_MEMO,
  workOf,
} from '../protocol/index.js';
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

/** The Markdown that the Temporal UI shows of a run. */
export function publishDetails(state: BatchState): void {
  setCurrentDetails(detailsOf(state));
}

export function detailsOf(state: BatchState): string {
  const { opened, files } = state;
  const rows: [string, string | number | null | undefined][] = [
    ['Batch', code(state.batchId)],
    ['Status', state.status],
    ['Directory', code(opened?.request.directoryId)],
    ['Job', opened === null ? null : `${opened.request.job.type}, ${code(opened.request.job.configurationId)}`],
    ['Files', files.total || null],
    ['Completed', files.total ? files.completed : null],
    ['Failed', files.total ? files.failed : null],
    ['Cancelled', files.cancelled || null],
    ['Skipped', files.skipped || null],
    ['Running', state.phase === 'processing' ? state.running : null],
    ['Credits', state.credits],
    ['Manifest', code(state.manifest)],
  ];
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  return [
    `### ${PHASE_WORDS[state.phase]}`,
    state.phase === 'waiting' ? WAITING_NOTE : null,
    ['| | |', '| --- | --- |', ...shown.map(([name, value]) => `| ${name}${COLUMN_GAP} | ${value} |`)].join('\n'),
    state.lastFailures.length === 0 ? null : ['**Last failures**', ...state.lastFailures.map(failureLine)].join('\n\n'),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

/** An em space, which Markdown does not trim: the UI draws tables without any space between their columns. */
const COLUMN_GAP = '\u2003';

/** The UI marks every attempt after the first as a retry, in red. */
const WAITING_NOTE = 'Each attempt of `watchBatch` below is one look at the batch, not an error.';

function failureLine({ fileId, name, type, message }: FileFailure): string {
  return `- ${code(name ?? fileId)} ${type}: ${plain(message)}`;
}

function code(text: string | null | undefined): string | null | undefined {
  return text == null ? text : `\`${plain(text).replaceAll('`', "'")}\``;
}

/** Text from outside must not break the table, nor become a link or an image. */
function plain(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/[|<>[\]]/g, (char) => `\\${char}`);
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
