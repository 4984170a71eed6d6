export * from './clip.js';
export * from './defaults.js';
export * from './failures.js';
export * from './input.js';
export * from './names.js';
export * from './ranges.js';
export * from './report.js';
export * from './status.js';
