/** What a batch run shows of itself: details, search attributes and memo. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import { BATCH_ID_MEMO, type BatchPhase, isTerminal, PHASE_LABELS, SEARCH_ATTRIBUTES } from '../../protocol/index.js';
import { describePause, renderHeading } from '../shared/control.js';
import { code, renderDetails, renderFileCounts, renderJob } from '../shared/details.js';
import { enterPhase } from '../shared/run-state.js';
import { describeStuck } from '../shared/stuck.js';
import { type BatchState, listRedriving } from './state.js';
import { renderTimeRows } from './time-rows.js';

const BATCH_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchId, SearchAttributeType.KEYWORD);
const BATCH_STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.batchStatus, SearchAttributeType.KEYWORD);
const DIRECTORY_ID = defineSearchAttributeKey(SEARCH_ATTRIBUTES.directoryId, SearchAttributeType.KEYWORD);
const JOB_TYPE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.jobType, SearchAttributeType.KEYWORD);

/** Step 3: publishes the batch id, so that the batch can be found from here on whatever happens to the run. */
export function publishBatch(state: BatchState): void {
  const { opened, batchId, status } = state;
  if (opened === null || batchId === null) return;
  upsertMemo({ [BATCH_ID_MEMO]: batchId });
  if (opened.searchAttributes) {
    upsertSearchAttributes([
      { key: BATCH_ID, value: batchId },
      { key: BATCH_STATUS, value: status },
      { key: DIRECTORY_ID, value: opened.input.directoryId },
      { key: JOB_TYPE, value: opened.input.job.type },
    ]);
  }
  publishDetails(state);
}

export function setPhase(state: BatchState, phase: BatchPhase): void {
  enterPhase(state, phase);
  publishDetails(state);
}

/** Sets the last status seen of the batch. A terminal one stays: a response with another one is out of date. */
export function setStatus(state: BatchState, status: string): void {
  const hasEnded = state.status !== null && isTerminal(state.status);
  if (status === state.status || (hasEnded && !isTerminal(status))) return;
  state.status = status;
  if (state.opened?.searchAttributes) upsertSearchAttributes([{ key: BATCH_STATUS, value: status }]);
  publishDetails(state);
}

export function publishDetails(state: BatchState): void {
  const { opened, files, phase, lastFailures, waitingFor, failure } = state;
  setCurrentDetails(
    renderDetails({
      heading: renderHeading(state, PHASE_LABELS[phase]),
      note: describePause(state) ?? describeStuck(state) ?? (phase === 'waiting' ? WAITING_NOTE : waitingFor),
      failure,
      rows: [
        ['Status', code(state.status)],
        ['Batch', code(state.batchId)],
        ['Directory', code(opened?.input.directoryId)],
        ['Job', opened === null ? null : renderJob(opened.input.job)],
        ['Files in the directory', files.total === 0 ? opened?.directoryFileCount : null],
        ...renderFileCounts(files),
        ['Jobs ended', files.total === 0 ? null : state.jobsEnded],
        ['Running', phase === 'processing' || phase === 'redriving' ? state.running : null],
        ['Redriven jobs', state.redrivenJobs || null],
        ['Being redriven', renderRedriving(state)],
        ...renderTimeRows(state),
        ['Credits', state.credits],
        ['Manifest', code(state.manifest)],
      ],
      failures: lastFailures.map(({ fileId, name = fileId, type, message }) => ({ name, type, message })),
    }),
  );
}

/** `` `a.pdf`, job `pjb-...` in place of `pjb-...` ``: the first files. */
function renderRedriving(state: BatchState): string | null {
  const files = listRedriving(state).map(({ fileId, name = fileId, failedJobId, jobId }) => {
    const job = jobId === null ? 'a new job' : `job ${code(jobId)}`;
    return `${code(name)}: ${job} in place of ${code(failedJobId)}`;
  });
  return files.length === 0 ? null : files.join('; ');
}

/** The UI marks every attempt after the first as a retry, in red, and calls what it found a failure. */
const WAITING_NOTE =
  'Each attempt of `waitForBatch` in *Timeline* and *Pending Activities* is one poll of the batch, not an error.';
