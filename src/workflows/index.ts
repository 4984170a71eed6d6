export { processBatch, progressQuery } from './process-batch.js';
export { directoriesProgressQuery, processDirectories } from './process-directories.js';
export { processJob } from './process-job.js';
export { wakeSignal } from './wake.js';
