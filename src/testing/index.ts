/** For tests and trials of an application: a local Temporal server, an emulator of LlamaCloud, and the checks of an output store. */
export * from './emulator/index.js';
export { type OutputStoreCheck, outputStoreConformance } from './outputs/conformance.js';
export * from './temporal/index.js';
