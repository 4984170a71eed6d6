export { FolderSource } from './folder-source.js';
export { type OpenCorpusSource, openCorpusSource } from './open.js';
export { comparePaths, toPathBytes, toPathText } from './path-text.js';
export {
  type CorpusSource,
  isUnreadable,
  type ListOptions,
  type OpenedSourceFile,
  type SourceEntry,
  type SourceFile,
  type UnreadableEntry,
} from './source.js';
export { SourceError, SourceFileError } from './source-error.js';
