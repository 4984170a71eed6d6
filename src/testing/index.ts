/** What tests and trials of an application need: a local Temporal server and a stand-in for LlamaCloud. */
export * from './emulator/index.js';
export * from './temporal/index.js';
