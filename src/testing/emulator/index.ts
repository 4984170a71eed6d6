export type { BatchControls, EmulatedBatch, EmulatedJob, JobControls } from './controls.js';
export type { AddDirectoryOptions, VirtualFile } from './directories.js';
export { type EmulatedDirectory, type LlamaCloudEmulator, startLlamaCloudEmulator } from './emulator.js';
export type { Fault, FaultHit, FaultPlan, FaultTarget } from './faults.js';
export type { ResultRow, ResultsEdit } from './model.js';
export type { EmulatorOptions } from './options.js';
export type { RecordedRequest } from './request-log.js';
