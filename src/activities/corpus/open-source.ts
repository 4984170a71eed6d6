import { type CorpusSource, openCorpusSource } from '../../sources/index.js';
import type { ActivityDeps } from '../deps.js';

export function openSource(
  { openSource: open = openCorpusSource }: ActivityDeps,
  location: string,
): Promise<CorpusSource> {
  return open(location);
}
