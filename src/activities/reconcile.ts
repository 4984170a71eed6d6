import { Context, log } from '@temporalio/activity';
import type { Batch } from '../llamacloud/index.js';
import { BATCH_ID_MEMO, type BatchRequest, WORK_MEMO, WORKFLOW_TYPES, workOf } from '../protocol/index.js';
import type { Attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { NotReady } from './not-ready.js';
import { batchesSince, type KnownBatches } from './open-batch.js';

export interface CreateBatchInput {
  request: BatchRequest;
  known: KnownBatches;
}

export interface CreatedBatch {
  batchId: string;
  status: string;
}

/**
 * How long a batch may be without the run that made it publishing it, in milliseconds: more than a request may take. Counted
 * from the batch's creation; if the clocks disagree, from the first attempt, and five minutes at most.
 */
const CLAIM_MS = 90_000;
const LONGEST_CLAIM_MS = 300_000;
const CLAIM_DELAY_MS = 5_000;

/**
 * The batch that an attempt of this run made without learning its id: of the same directory and configuration, not there
 * before, and no other run's. It has no signal: a run that is being cancelled needs the answer as much.
 *
 * Runs over the same work that lost their answers at the same time can't tell their batches apart, and need not: the first
 * to have started takes the oldest, and so on. That none takes what another one had is all that counts; so while there is a
 * batch that nobody has published, a run whose turn it is not waits.
 */
export async function findLost(
  deps: ActivityDeps,
  { request, known }: CreateBatchInput,
  { nowMs, ageMs }: Pick<Attempt, 'nowMs' | 'ageMs'>,
): Promise<Batch | undefined> {
  const candidates: Batch[] = [];
  for await (const batch of batchesSince(deps, request, known.since)) {
    if (isSameWork(batch, request) && !known.ids.includes(batch.id)) candidates.push(batch);
  }
  if (candidates.length === 0) return undefined;
  const { claimed, rivals, rank } = await otherRuns(request, known.since);
  // The list is newest first.
  const unclaimed = candidates.filter(({ id }) => !claimed.has(id)).reverse();
  const lost = unclaimed[rank];
  const { claimMs = CLAIM_MS } = deps;
  const isFresh = unclaimed.some(({ created_at }) => Math.min(ageMs, ageOf(created_at, nowMs)) < claimMs);
  if (unclaimed.length > 0 && rivals > 0 && (lost === undefined || (isFresh && ageMs < LONGEST_CLAIM_MS))) {
    const ids = unclaimed.map(({ id }) => id).join(', ');
    throw new NotReady('BatchNotReady', `${ids} may be of this run or of another over the same work`, CLAIM_DELAY_MS);
  }
  if (lost !== undefined) log.info('Adopted the batch that an earlier attempt created', { batchId: lost.id });
  return lost;
}

function ageOf(createdAt: string | null | undefined, nowMs: number): number {
  const at = Date.parse(createdAt ?? '');
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : nowMs - at;
}

function isSameWork({ config, source_directory_id }: Batch, { job, directoryId }: BatchRequest): boolean {
  return (
    source_directory_id === directoryId &&
    config.job.type === job.type &&
    config.job.configuration_id === job.configurationId
  );
}

interface OtherRuns {
  /** Batches that they have published. */
  claimed: ReadonlySet<string>;
  /** How many are at the same work and have published none yet. */
  rivals: number;
  /** How many of those started before this run. */
  rank: number;
}

const UNIMPLEMENTED = 12;

/** A test server that can't list, or a test environment without a server. */
function hasNoVisibility(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const cause = error.cause instanceof Error ? error.cause : error;
  return error.name === 'IllegalStateError' || ('code' in cause && cause.code === UNIMPLEMENTED);
}

/** What Temporal knows of the other runs in this namespace. */
async function otherRuns(request: BatchRequest, since: string): Promise<OtherRuns> {
  const claimed = new Set<string>();
  const contenders: { workflowId: string; startTime: Date }[] = [];
  const context = Context.current();
  const own = context.info.workflowExecution?.workflowId;
  try {
    const query = `WorkflowType = '${WORKFLOW_TYPES.processBatch}' AND (ExecutionStatus = 'Running' OR StartTime >= '${since}')`;
    for await (const { workflowId, memo, startTime, status } of context.client.workflow.list({ query })) {
      const batchId = memo?.[BATCH_ID_MEMO];
      if (typeof batchId === 'string' && workflowId !== own) claimed.add(batchId);
      const isContender = status.name === 'RUNNING' && batchId === undefined && memo?.[WORK_MEMO] === workOf(request);
      if (isContender || workflowId === own) contenders.push({ workflowId, startTime });
    }
  } catch (error) {
    // A server that is away for a moment says nothing about other runs: taking a batch of theirs would be the harm.
    if (!hasNoVisibility(error))
      throw new NotReady('BatchNotReady', `other runs can't be listed: ${error}`, CLAIM_DELAY_MS);
  }
  contenders.sort((a, b) => a.startTime.getTime() - b.startTime.getTime() || (a.workflowId < b.workflowId ? -1 : 1));
  const rivals = contenders.filter(({ workflowId }) => workflowId !== own).length;
  const rank = contenders.findIndex(({ workflowId }) => workflowId === own);
  // A run that Temporal's index does not show yet is the last to have started.
  return { claimed, rivals, rank: rank === -1 ? rivals : rank };
}
