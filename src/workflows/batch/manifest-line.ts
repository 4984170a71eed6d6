/** Step 8: the line of the manifest for each outcome of a file. */
import { isCancellation } from '@temporalio/workflow';
import type { ResultRow } from '../../activities/types.js';
import {
  cleanText,
  type FailureSummary,
  type FileStatus,
  type ManifestLine,
  rootFailure,
} from '../../protocol/index.js';
import type { BatchState } from './state.js';

/** The part of a line that says where the document is, and what it cost. */
export type DocumentFields = Pick<ManifestLine, 'output' | 'bytes' | 'sha256' | 'credits'>;

export const NO_DOCUMENT: DocumentFields = { output: null, bytes: null, sha256: null, credits: null };

/** Whether a line can hold this number of bytes or credits. Bounded, so that sums stay exact. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

export function toCompletedLine(row: ResultRow, document: DocumentFields): ManifestLine {
  return { ...toIds(row), status: 'COMPLETED', ...document, error: null };
}

/** @param error What its child workflow failed with. */
export function toFailedLine({ phase }: BatchState, row: ResultRow, error: unknown): ManifestLine {
  if (isCancellation(error)) {
    const message = 'the workflow of this file was cancelled';
    return toLineWithoutDocument(row, 'CANCELLED', { type: 'JobCancelled', message });
  }
  const { type, message } = rootFailure(error);
  // A run that is stopping gives its jobs half a minute.
  if (type === 'JobTimedOut' && phase === 'stopping') return toSkippedLine(row, NOT_COLLECTED);
  // A custom child workflow may fail with anything. Up to 1,000 of these are in one payload, and Temporal allows 2 MB.
  const failure = { type: cleanText(type, 100), message: cleanText(message) };
  return toLineWithoutDocument(row, type === 'JobCancelled' ? 'CANCELLED' : 'FAILED', failure);
}

/** A file that has no job. It has not failed if that is because the batch was cancelled or the run was stopped. */
export function toLineWithoutJob({ status, phase }: BatchState, row: ResultRow): ManifestLine {
  const { error } = row;
  if (status === 'CANCELLED' && (error === null || saysCancelled(error))) {
    const message = error ?? 'the batch was cancelled before LlamaCloud had created a job for this file';
    return toLineWithoutDocument(row, 'CANCELLED', { type: 'FileNotMapped', message });
  }
  if (phase === 'stopping' && error === null)
    return toSkippedLine(row, 'the run was stopped before LlamaCloud had created a job for this file');
  const message = error ?? 'LlamaCloud has neither a job nor an error for this file';
  return toLineWithoutDocument(row, 'FAILED', { type: 'FileNotMapped', message });
}

/** Whether the error of a row says that it was cancelled. LlamaCloud publishes no error codes for rows. */
function saysCancelled(error: string): boolean {
  return /\bcancel/i.test(error);
}

export function toSkippedLine(row: ResultRow, message: string): ManifestLine {
  return toLineWithoutDocument(row, 'SKIPPED', { type: 'Skipped', message });
}

/** Message of a file whose document a run that ends early leaves behind. */
export const NOT_COLLECTED = 'the run ended before its document was collected';

function toLineWithoutDocument(
  row: ResultRow,
  status: Exclude<FileStatus, 'COMPLETED'>,
  error: FailureSummary,
): ManifestLine {
  return { ...toIds(row), status, ...NO_DOCUMENT, error };
}

function toIds({ fileId, name, job }: ResultRow) {
  return { fileId, name, jobId: job?.id ?? null, jobType: job?.type ?? null };
}
