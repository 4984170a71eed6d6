import { createBatchWorkflowId, STOP_TIMEOUT_MS } from '../../protocol/index.js';
import { code, type DetailsRow } from '../shared/details.js';
import { formatTime, renderNextPoll, renderNextRetry, renderTimeLeft } from '../shared/times.js';
import type { BatchState } from './state.js';

/** For the details of a run that is open: when it polls next, or tries again what has failed, and how long is left. */
export function renderTimeRows(state: BatchState): DetailsRow[] {
  const { phase, opened, waitingSinceMs, jobsSinceMs, stopRequestedAtMs, startedAtMs } = state;
  if (phase === 'completed' || phase === 'failed' || phase === 'cancelled') return [];
  const input = opened?.input;
  const isStopping = stopRequestedAtMs !== null;
  const isProcessing = phase === 'processing' && jobsSinceMs !== null;
  return [
    ['Next poll', renderBatchPoll(state)],
    ['Next try', renderNextTry(state)],
    ['Waiting since', phase === 'waiting' && waitingSinceMs !== null ? formatTime(waitingSinceMs) : null],
    ['Time left', renderBatchTimeLeft(state)],
    ['Jobs time out', isProcessing && input !== undefined ? formatTime(jobsSinceMs + input.jobTimeoutMs) : null],
    ['Run times out', isStopping || input === undefined ? null : formatTime(startedAtMs + input.timeoutMs)],
    ['Stopped by', isStopping ? formatTime(stopRequestedAtMs + STOP_TIMEOUT_MS) : null],
    ['Last change', formatTime(Date.now())],
  ];
}

function renderBatchPoll({ phase, opened, control, files, jobsEnded }: BatchState): string | null {
  if (opened === null || (phase !== 'waiting' && phase !== 'expanding' && phase !== 'processing')) return null;
  if (control.pause !== null) return 'when the run is resumed';
  const { poll } = opened.input;
  switch (phase) {
    case 'waiting':
      return renderNextPoll(poll, 'waitForBatch');
    case 'expanding':
      return renderNextPoll(poll, 'readResults');
    case 'processing':
      return jobsEnded < files.total ? renderNextPoll(poll, 'waitForJobs') : null;
  }
}

/** Of what is not polled, but tried again after a failure. */
function renderNextTry({ phase, opened }: BatchState): string | null {
  switch (phase) {
    case 'opening':
      return renderNextRetry('openBatch');
    case 'creating':
      return opened === null
        ? null
        : `in the details of the child workflow ${code(createBatchWorkflowId(opened.input))}`;
    case 'redriving':
      return 'in the details of the child workflows `redriveJob`';
    case 'reporting':
      return renderNextRetry('writeManifest');
    case 'stopping':
      return '*Next Retry* in *Pending Activities*';
    default:
      return null;
  }
}

function renderBatchTimeLeft({ phase, control, files, jobsSinceMs }: BatchState): string | null {
  if (phase === 'waiting') return 'not known: LlamaCloud does not say how far a batch is';
  if (phase !== 'processing' || jobsSinceMs === null || control.pause !== null) return null;
  return renderTimeLeft(files, jobsSinceMs, Date.now());
}
