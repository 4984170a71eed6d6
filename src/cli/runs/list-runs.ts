/** Runs as Temporal's visibility lists them: no worker is needed, and a change takes about a second to show. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import {
  BATCH_ID_MEMO,
  chunk,
  type FailureSummary,
  type FileCounts,
  isDirectoriesReport,
  isReport,
  REPORT_MEMO,
  SEARCH_ATTRIBUTES,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { CliError } from '../errors.js';
import { findGrpcStatus, GRPC_CODES } from '../grpc-status.js';
import type { TemporalClients } from '../temporal.js';
import { queryProgress } from './query-progress.js';
import { isRunFailure, toRunFailure } from './run-failure.js';
import { attachToRun } from './run-status.js';
import type { AnyReport } from './run-types.js';
import { findProblem } from './wait-for-run.js';

/** The state filters are alternatives. */
export interface RunFilter {
  readonly running?: boolean;
  readonly failed?: boolean;
  readonly paused?: boolean;
  readonly stuck?: boolean;
  /** Only runs that started within this time, in milliseconds. */
  readonly since?: number;
  /** Also runs that another workflow has started, such as those of each directory. */
  readonly children?: boolean;
  readonly limit: number;
}

/** A run as `--json` prints it. Times are ISO 8601. */
export interface ListedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly kind: 'batch' | 'directories';
  /** Temporal's status of the workflow, or `PAUSED` or `STUCK`. */
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly batchId: string | null;
  /** `null` if they are not known without asking a worker. */
  readonly files: FileCounts | null;
  /** Why it failed, is paused or is stuck. */
  readonly reason: FailureSummary | null;
}

/** A page of runs, those that are open first, then those that ended last. */
export interface FoundRuns {
  readonly found: WorkflowExecutionInfo[];
  /** There are more than the limit. */
  readonly hasMore: boolean;
}

/** @throws CliError when a filter needs the search attribute, and it is not registered */
export async function findRuns({ client, config }: TemporalClients, filter: RunFilter): Promise<FoundRuns> {
  const found: WorkflowExecutionInfo[] = [];
  try {
    for await (const run of client.workflow.list({ query: toQuery(filter), pageSize: filter.limit + 1 })) {
      if (found.length === filter.limit) return { found, hasMore: true };
      found.push(run);
    }
    return { found, hasMore: false };
  } catch (error) {
    const status = findGrpcStatus(error);
    if (status?.code !== GRPC_CODES.invalidArgument || !status.details.includes(SEARCH_ATTRIBUTES.runState))
      throw error;
    throw new CliError(
      `The search attribute ${SEARCH_ATTRIBUTES.runState} is not registered in namespace ${config.namespace}`,
      'Register it: temporal-llamacloud setup. Runs that start after that can be found by it.',
      error,
    );
  }
}

function toQuery({ running, failed, paused, stuck, since, children }: RunFilter): string {
  const types = [WORKFLOW_TYPES.processBatch, WORKFLOW_TYPES.processDirectories];
  const inState = (value: string) => `(${SEARCH_ATTRIBUTES.runState} = '${value}' AND ExecutionStatus = 'Running')`;
  const states = [
    ...(running ? ["ExecutionStatus = 'Running'"] : []),
    ...(failed ? ["ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')"] : []),
    ...(paused ? [inState('PAUSED')] : []),
    ...(stuck ? [inState('STUCK')] : []),
  ];
  return [
    `WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`,
    // The parts of a run that has continued as new.
    "ExecutionStatus != 'ContinuedAsNew'",
    ...(states.length === 0 ? [] : [`(${states.join(' OR ')})`]),
    ...(since === undefined ? [] : [`StartTime >= '${new Date(Date.now() - since).toISOString()}'`]),
    ...(children ? [] : ['ParentWorkflowId IS NULL']),
  ].join(' AND ');
}

export function isMultiDirectory({ type }: WorkflowExecutionInfo): boolean {
  return type === WORKFLOW_TYPES.processDirectories;
}

/** Requests to Temporal at a time. */
const CONCURRENT_REQUESTS = 10;

/** A run whose outcome can't be read within this time is listed without it. */
const OUTCOME_TIMEOUT_MS = 5_000;

/** Adds what one request for each run tells: how it has ended, or why it is paused or stuck. */
export async function describeRuns(
  temporal: TemporalClients,
  found: readonly WorkflowExecutionInfo[],
): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for (const some of chunk(found, CONCURRENT_REQUESTS))
    runs.push(...(await Promise.all(some.map((run) => describeRun(temporal, run)))));
  return runs;
}

async function describeRun(temporal: TemporalClients, info: WorkflowExecutionInfo): Promise<ListedRun> {
  const { workflowId, runId, startTime, closeTime, memo } = info;
  const state = toState(info);
  const outcome = await (closeTime === undefined
    ? readProgress(temporal, info, state)
    : readEnd(temporal.client, info));
  const batchId = outcome.batchId ?? memo?.[BATCH_ID_MEMO];
  return {
    workflowId,
    runId,
    kind: isMultiDirectory(info) ? 'directories' : 'batch',
    state,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    batchId: typeof batchId === 'string' ? batchId : null,
    files: outcome.files ?? null,
    reason: outcome.reason ?? null,
  };
}

function toState({ status, typedSearchAttributes }: WorkflowExecutionInfo): string {
  if (status.name !== 'RUNNING') return status.name;
  const runState = typedSearchAttributes.getAll().find(({ key }) => key.name === SEARCH_ATTRIBUTES.runState)?.value;
  return typeof runState === 'string' ? runState : status.name;
}

interface Outcome {
  readonly batchId?: string | null;
  readonly files?: FileCounts;
  readonly reason?: FailureSummary;
}

/** Of a run that is paused or stuck, which a worker has to answer. The others may be many, and are not asked. */
async function readProgress(temporal: TemporalClients, info: WorkflowExecutionInfo, state: string): Promise<Outcome> {
  if (state === info.status.name) return {};
  const run = attachToRun(temporal, info.workflowId, { isMultiDirectory: isMultiDirectory(info) });
  try {
    const { pause, stuck, files } = await queryProgress(run);
    const reason =
      pause != null
        ? { type: 'Paused', message: pause.reason ?? `since ${pause.since}` }
        : stuck != null && { type: 'Stuck', message: `since ${stuck.since}. ${stuck.advice}` };
    return { files, ...(reason && { reason }) };
  } catch {
    return {};
  }
}

async function readEnd(client: Client, { workflowId, runId, memo }: WorkflowExecutionInfo): Promise<Outcome> {
  const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false });
  try {
    const result: unknown = await client.withDeadline(Date.now() + OUTCOME_TIMEOUT_MS, () => handle.result());
    return isAnyReport(result) ? fromReport(result) : {};
  } catch (error) {
    if (!isRunFailure(error)) return {};
    const { type, message, report = memo?.[REPORT_MEMO] } = toRunFailure(error);
    return { ...(isAnyReport(report) ? fromReport(report) : {}), reason: { type, message } };
  }
}

function fromReport(report: AnyReport): Outcome {
  if (!('directories' in report)) return { batchId: report.batchId, files: report.files };
  const message = findProblem(report);
  return { files: report.files, ...(message !== undefined && { reason: { type: 'Incomplete', message } }) };
}

function isAnyReport(value: unknown): value is AnyReport {
  return isReport(value) || isDirectoriesReport(value);
}
