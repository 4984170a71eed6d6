import type { CorpusRun } from '../../protocol/index.js';
import { type CorpusSource, openCorpusSource, SourceError } from '../../sources/index.js';
import type { ActivityDeps } from '../deps.js';

export function openSource(
  { openSource: open = openCorpusSource }: ActivityDeps,
  location: string,
): Promise<CorpusSource> {
  return open(location);
}

/** @throws SourceError, which is retried, if it is not what the run has begun with: every file of it would be taken for gone. */
export async function assertSameSource(source: CorpusSource, { sourceId }: Pick<CorpusRun, 'sourceId'>): Promise<void> {
  if (sourceId === null || (await source.id?.()) === sourceId) return;
  const problem =
    'another folder is there than when the run began. If its volume is not mounted, mount it. Every worker needs the same one. If it was replaced, cancel the run, and start it again';
  throw new SourceError('list', source.location, problem);
}
