/** For tests and trials of an application: a local Temporal server, and an emulator of LlamaCloud. */
export * from './emulator/index.js';
export * from './temporal/index.js';
