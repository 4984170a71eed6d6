export { DirectoryStore } from './directory-store.js';
export { openOutputStore } from './open.js';
export { type Content, OutputError, type OutputStore, type StoredObject } from './store.js';
