import { DirectoryStore } from './directory-store.js';
import type { OutputStore } from './store.js';

/** Opens the store that `LLAMACLOUD_OUTPUT` names. @throws TypeError for a scheme that is not supported. */
export function openOutputStore(location: string): OutputStore {
  const trimmed = location.trim();
  if (trimmed === '') throw new TypeError('the output location is empty: give a folder');
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme === undefined) return new DirectoryStore(trimmed);
  throw new TypeError(`${scheme}:// is not supported as output: give a folder`);
}
