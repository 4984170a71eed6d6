export { processBatch, progressQuery } from './process-batch.js';
export { processJob } from './process-job.js';
export { wakeSignal } from './wake.js';
