export { createBatch } from './batch/create-batch.js';
export { processBatch, progressQuery } from './batch/process-batch.js';
export { wakeSignal } from './batch/wake.js';
export { directoriesProgressQuery, processDirectories } from './directories/process-directories.js';
export { processJob } from './job/process-job.js';
