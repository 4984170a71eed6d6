export type { BatchControls, EmulatedBatch, EmulatedJob, JobControls } from './controls.js';
export type { AddDirectoryOptions, VirtualFile } from './directories.js';
export type { DirectoryControls, EmulatedDirectory, EmulatedFile } from './directory-controls.js';
export { type LlamaCloudEmulator, startLlamaCloudEmulator } from './emulator.js';
export type { Fault, FaultHit, FaultPlan, FaultTarget, LostResponse } from './faults.js';
export type { EmulatedResultRow, ResultsEdit } from './model.js';
export {
  ADVERSE_CONDITIONS,
  type CreditsFormat,
  type DuplicateUploads,
  type EmulatorBehaviour,
  type EmulatorOptions,
} from './options.js';
export type { RecordedRequest } from './request-log.js';
export { type RequestTarget, TARGETS } from './request-target.js';
export type { Rewrite, RewriteTarget } from './rewrites.js';
