/** The input of every workflow, validated before anything is sent. */
export {
  batchInputSchema,
  type CheckedBatchInput,
  checkBatchInput,
  resolveBatchInput,
} from './batch.js';
export { directoriesInputSchema, resolveDirectoriesInput } from './directories.js';
export { type JobRequest, jobInputSchema, resolveJobInput } from './job.js';
