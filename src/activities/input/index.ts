/** The input of every workflow, validated before anything is sent. */
export {
  batchInputSchema,
  checkBatchInput,
  resolveBatchInput,
} from './batch.js';
export { checkCorpusInput, corpusInputSchema } from './corpus.js';
export { checkDirectoriesInput, directoriesInputSchema } from './directories.js';
export { jobInputSchema, resolveJobInput } from './job.js';
export { pricesSchema } from './prices.js';
