export { DirectoryStore } from './directory-store.js';
export { openOutputStore } from './open.js';
export { OutputError } from './output-error.js';
export { toSafeName } from './safe-name.js';
export type { Content, OutputStore, StoredObject } from './store.js';
