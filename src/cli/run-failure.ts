import { isDirectoriesReport, isReport, rootFailure } from '../protocol/index.js';
import type { AnyReport } from './any-run.js';

/** Why a run failed, in words. */
export interface RunFailure {
  /** A type of the failure table, or what Temporal calls the end of a run. */
  readonly type: string;
  readonly message: string;
  /** The wrong fields of an `InvalidInput`. */
  readonly fields?: readonly string[];
  /** What there was to report when it failed. */
  readonly report?: AnyReport;
}

/** Ends of a run that Temporal has a class of its own for. */
const ENDS: Readonly<Record<string, RunFailure>> = {
  CancelledFailure: { type: 'Cancelled', message: 'The run was cancelled' },
  TerminatedFailure: { type: 'Terminated', message: 'The run was terminated' },
  TimeoutFailure: { type: 'TimedOut', message: "The run took longer than Temporal's limit for it" },
};

/** Is this how `RunHandle.result()` says that the run itself failed? Anything else is a failure to hear of it. */
export function isRunFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === 'WorkflowFailedError';
}

export function describeFailure(error: Error): RunFailure {
  const { type, message } = rootFailure(error);
  const details = detailsOf(error);
  return { ...(ENDS[type] ?? { type, message }), ...fieldsIn(details), ...reportIn(details) };
}

/** The first detail of the first application failure that has one. */
function detailsOf(error: unknown): unknown {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('details' in current && Array.isArray(current.details) && current.details.length > 0) return current.details[0];
  }
  return undefined;
}

function fieldsIn(details: unknown): Pick<RunFailure, 'fields'> {
  if (typeof details !== 'object' || details === null || !('fields' in details)) return {};
  const { fields } = details;
  return Array.isArray(fields) ? { fields: fields.map(String) } : {};
}

function reportIn(details: unknown): Pick<RunFailure, 'report'> {
  return isReport(details) || isDirectoriesReport(details) ? { report: details } : {};
}
