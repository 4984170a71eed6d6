/** What workflows are given, checked before anything is sent. */
export {
  type BatchWork,
  batchInputSchema,
  type CheckedBatchInput,
  checkBatchInput,
  resolveBatchInput,
} from './batch.js';
export { directoriesInputSchema, resolveDirectoriesInput } from './directories.js';
export { type JobRequest, jobInputSchema, resolveJobInput } from './job.js';
