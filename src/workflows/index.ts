export { createBatch } from './batch/create-batch.js';
export { processBatch, progressQuery } from './batch/process-batch.js';
export { wakeSignal } from './batch/wake.js';
export { corpusProgressQuery, processCorpus } from './corpus/process-corpus.js';
export { processCorpusPart } from './corpus/process-corpus-part.js';
export { directoriesProgressQuery, processDirectories } from './directories/process-directories.js';
export { processJob } from './job/process-job.js';
export { redriveJob } from './redrive/redrive-job.js';
