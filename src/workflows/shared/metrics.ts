/** The metrics that workflows record. The SDK leaves them out of a replay. */
import { metricMeter } from '@temporalio/workflow';
import {
  COUNTER_BY_STATUS,
  type CounterName,
  FAILURES,
  type FailureSummary,
  type FileStatus,
  type HistogramName,
  type ManifestLine,
  METRICS,
  type MetricTagsOf,
} from '../../protocol/index.js';

/** Value of a tag that does not apply. */
const NONE = 'none';

export function recordBatchOutcome(
  outcome: 'completed' | 'failed' | 'cancelled',
  failure: FailureSummary | null,
  jobType: string | undefined,
): void {
  count('llamacloud_batch_outcome', 1, {
    outcome,
    failure_type: toFailureType(failure),
    job_type: jobType ?? NONE,
  });
}

export function recordStuck(phase: string, jobType: string): void {
  count('llamacloud_batch_stuck', 1, { phase, job_type: jobType });
}

/** @param isStored Whether an earlier run has collected the file, and LlamaCloud has billed it then. */
export function recordFile({ status, error, jobType, credits }: ManifestLine, isStored: boolean): void {
  countFiles(1, status, error, jobType);
  if (credits !== null && !isStored) record('llamacloud_file_credits', credits, { job_type: jobType ?? NONE });
}

/** Files that a run has left behind, and whose job is not known. */
export function recordSkippedFiles(files: number): void {
  if (files > 0) countFiles(files, 'SKIPPED', { type: 'Skipped', message: '' }, null);
}

export function recordWait(batchStatus: string, waitedMs: number, jobType: string): void {
  const tags = { batch_status: batchStatus, job_type: jobType };
  record('llamacloud_batch_wait_latency', Math.max(0, waitedMs) / 1_000, tags);
}

function countFiles(files: number, status: FileStatus, error: FailureSummary | null, jobType: string | null): void {
  const outcome = COUNTER_BY_STATUS[status];
  count('llamacloud_file_outcome', files, { outcome, failure_type: toFailureType(error), job_type: jobType ?? NONE });
}

/** A child workflow of the application may fail with any type, and each value of a tag costs memory. */
function toFailureType(failure: FailureSummary | null): string {
  if (failure === null) return NONE;
  return Object.hasOwn(FAILURES, failure.type) ? failure.type : 'other';
}

function count<Name extends CounterName>(name: Name, value: number, tags: MetricTagsOf<Name>): void {
  const { unit, description } = METRICS[name];
  metricMeter.createCounter(name, unit, description).add(value, tags);
}

function record<Name extends HistogramName>(name: Name, value: number, tags: MetricTagsOf<Name>): void {
  const { unit, description } = METRICS[name];
  metricMeter.createHistogram(name, 'float', unit, description).record(value, tags);
}
