import { createHash } from 'node:crypto';
import { type CorpusRun, cleanText } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type PlannedFile, readPlannedFiles } from './planned-files.js';

export interface OpenPartDirectoryInput {
  run: CorpusRun;
  /** Names of the segments that the part consists of. */
  segments: string[];
}

export interface PartDirectory {
  directoryId: string;
  /** Whether it was there before: it may have files, and uploads to it may still be under way. */
  isExisting: boolean;
  /** By LlamaCloud's clock, ISO 8601; `null` if it does not say. */
  createdAt: string | null;
}

/**
 * Finds the directory of a part by its name, or creates it: `GET` and `POST /api/v1/beta/directories`. The name is made of what the part
 * processes, so that a run that repeats a part, after a reset or because the last run was terminated, finds what was uploaded and paid for.
 * An empty directory that a lost response has left costs nothing, and LlamaCloud removes it.
 */
export function openPartDirectory(deps: ActivityDeps) {
  return ({ run, segments }: OpenPartDirectoryInput): Promise<PartDirectory> =>
    runAttempt('create', `directory for ${cleanText(run.source)}`, async ({ signal }) => {
      await assertSameStore(deps.outputs, run.storeId);
      const name = toDirectoryName(run, await readPlannedFiles(deps.outputs, run, segments));
      const scope = { ...run.scope, signal };
      const found = await findDirectory(deps, name, scope);
      if (found !== undefined) return { ...found, isExisting: true };
      const created = await deps.llamacloud.createDirectory({ ...scope, name, type: 'ephemeral' });
      return { directoryId: created.id, isExisting: false, createdAt: created.created_at ?? null };
    });
}

/** Part of the name that people read. */
const MAX_LABEL_BYTES = 60;

function toDirectoryName(run: CorpusRun, files: readonly PlannedFile[]): string {
  const { storeId, output, generation, job, configurationVersion } = run;
  const digest = createHash('sha256').update(
    JSON.stringify([storeId, output, generation, job.type, job.configurationId, configurationVersion]),
  );
  for (const { path, size, changeToken } of files) digest.update(JSON.stringify([path, size, changeToken]));
  const label = cleanText(run.source.split('/').findLast((name) => name !== '') ?? '', MAX_LABEL_BYTES);
  return `temporal-llamacloud ${label} ${digest.digest('hex').slice(0, 32)}`;
}

/** Of several, lost responses have left all but one empty. */
async function findDirectory(
  { llamacloud }: ActivityDeps,
  name: string,
  scope: CorpusRun['scope'] & { signal: AbortSignal },
): Promise<Omit<PartDirectory, 'isExisting'> | undefined> {
  const found: Omit<PartDirectory, 'isExisting'>[] = [];
  for await (const directory of llamacloud.iterateDirectories({ ...scope, name })) {
    // LlamaCloud may ignore the filter.
    if (directory.id === null || directory.name !== name || directory.deleted_at != null) continue;
    if (isExpired(directory.expires_at)) continue;
    found.push({ directoryId: directory.id, createdAt: directory.created_at ?? null });
  }
  found.sort((a, b) => toSortKey(a).localeCompare(toSortKey(b), 'en'));
  if (found.length > 1) {
    for (const directory of found) {
      const page = await llamacloud.listDirectoryFiles(directory.directoryId, { ...scope, pageSize: 1 });
      if (page.items.length > 0) return directory;
    }
  }
  return found[0];
}

/** The oldest first. */
function toSortKey({ createdAt, directoryId }: Omit<PartDirectory, 'isExisting'>): string {
  return `${createdAt ?? ''} ${directoryId}`;
}

function isExpired(expiresAt: string | null | undefined): boolean {
  return expiresAt != null && Date.parse(expiresAt) < Date.now();
}
