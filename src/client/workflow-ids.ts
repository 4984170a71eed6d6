/** Default workflow ids. Temporal runs one workflow of an id at a time, so the id is made of what the run does. */
import { createHash } from 'node:crypto';
import {
  type BatchSpec,
  type ProcessBatchInput,
  type ProcessDirectoriesInput,
  processBatchWorkflowId,
} from '../protocol/index.js';

/**
 * Returns the default workflow id of a batch run. Inputs with the same `batchId`, or else with the same directory, job type and
 * configuration, have the same id. White space around ids is ignored.
 */
export function batchWorkflowId(input: ProcessBatchInput): string {
  return input.batchId === undefined ? processBatchWorkflowId(trimIds(input)) : `llamacloud/${input.batchId.trim()}`;
}

/** Characters of a SHA-256 in hex. Among a million sets of directories a collision has a chance of 1 in 10 million. */
const DIGEST_LENGTH = 16;

/**
 * Returns the default workflow id of a run over many directories, such as
 * `llamacloud/12-directories-3f8a09c2d1e47b56/parse_v2/cfg-PARSE_AGENTIC`: the number of directories and a digest of their ids.
 * The order of the directories and white space around ids are ignored.
 */
export function directoriesWorkflowId({ directoryIds, job }: ProcessDirectoriesInput): string {
  const ids = directoryIds.map((id) => id.trim()).sort();
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, DIGEST_LENGTH);
  return processBatchWorkflowId(trimIds({ directoryId: `${ids.length}-directories-${digest}`, job }));
}

/** Trims ids as the validation does. Two spellings of one id must not start two runs, each with a batch that is paid for. */
export function trimIds({ directoryId, job }: BatchSpec): BatchSpec {
  return { directoryId: directoryId.trim(), job: { type: job.type, configurationId: job.configurationId.trim() } };
}
