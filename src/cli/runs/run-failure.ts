import { isCorpusReport, isDirectoriesReport, isReport, rootFailure } from '../../protocol/index.js';
import type { AnyReport } from './run-types.js';

/** Why a run failed. */
export interface RunFailure {
  /** A type of the failure table, or `Cancelled`, `Terminated` or `TimedOut`. */
  readonly type: string;
  readonly message: string;
  /** The wrong fields of an `InvalidInput`. */
  readonly fields?: readonly string[];
  /** What the run had finished. */
  readonly report?: AnyReport;
}

/** Runs that ended without a failure of their own, by the name of the SDK's error. */
const FAILURE_BY_ERROR_NAME: Readonly<Record<string, RunFailure>> = {
  CancelledFailure: { type: 'Cancelled', message: 'the run was cancelled' },
  TerminatedFailure: { type: 'Terminated', message: 'the run was terminated' },
  TimeoutFailure: { type: 'TimedOut', message: 'the run exceeded its Temporal timeout' },
};

/** The text for a run that was cancelled, terminated or timed out. `undefined` for a failure of the failure table. */
export function findTemporalEnding(type: string): string | undefined {
  return Object.values(FAILURE_BY_ERROR_NAME).find((failure) => failure.type === type)?.message;
}

/** Whether `RunHandle.result()` threw because the run failed. Any other error says nothing about the run. */
export function isRunFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === 'WorkflowFailedError';
}

export function toRunFailure(error: Error): RunFailure {
  const { type, message } = rootFailure(error);
  const detail = findFirstDetail(error);
  return { ...(FAILURE_BY_ERROR_NAME[type] ?? { type, message }), ...readFields(detail), ...readReport(detail) };
}

/** The first detail of the first failure in the chain of causes that has details. */
function findFirstDetail(error: unknown): unknown {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('details' in current && Array.isArray(current.details) && current.details.length > 0) return current.details[0];
  }
  return undefined;
}

function readFields(detail: unknown): Pick<RunFailure, 'fields'> {
  if (typeof detail !== 'object' || detail === null || !('fields' in detail)) return {};
  const { fields } = detail;
  return Array.isArray(fields) ? { fields: fields.map(String) } : {};
}

function readReport(detail: unknown): Pick<RunFailure, 'report'> {
  return isReport(detail) || isDirectoriesReport(detail) || isCorpusReport(detail) ? { report: detail } : {};
}
