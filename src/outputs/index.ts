export { DirectoryStore } from './directory-store.js';
export { parseLocation, parseOutputLocation } from './location.js';
export { openOutputStore } from './open.js';
export { OutputError } from './output-error.js';
export { toDistinctName, toSafeName } from './safe-name.js';
export type { Content, OutputStore, StoredObject, WriteOptions } from './store.js';
