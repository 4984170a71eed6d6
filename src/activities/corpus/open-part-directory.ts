import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HttpStatusError } from '../../llamacloud/index.js';
import type { OutputStore } from '../../outputs/index.js';
import { type CorpusRun, cleanText } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { readLines, toJsonLine } from '../manifest/json-lines.js';
import { corpusDirectoryKey } from '../support/output-keys.js';
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
 * Its id is also noted in the output store, since LlamaCloud's list may show it late. An empty directory that a lost response has left costs
 * nothing, and LlamaCloud removes it.
 */
export function openPartDirectory(deps: ActivityDeps) {
  return ({ run, segments }: OpenPartDirectoryInput): Promise<PartDirectory> =>
    runAttempt('create', `directory for ${cleanText(run.source)}`, async ({ signal }) => {
      await assertSameStore(deps.outputs, run.storeId);
      const digest = toDigest(run, await readPlannedFiles(deps.outputs, run, segments));
      const label = cleanText(run.source.split('/').findLast((name) => name !== '') ?? '', MAX_LABEL_BYTES);
      const name = `temporal-llamacloud ${label} ${digest}`;
      const scope = { ...run.scope, signal };
      const noteKey = corpusDirectoryKey(run, digest);
      const found = await findDirectory(deps, name, await readNote(deps.outputs, noteKey), scope);
      if (found !== undefined) return { ...found, isExisting: true };
      const created = await deps.llamacloud.createDirectory({ ...scope, name, type: 'ephemeral' });
      const note: Note = {
        directoryId: created.id,
        createdAt: created.created_at ?? null,
        expiresAt: created.expires_at ?? null,
      };
      await deps.outputs.write(noteKey, toJsonLine(note), { signal });
      return { directoryId: note.directoryId, isExisting: false, createdAt: note.createdAt };
    });
}

/** Part of the name that people read. */
const MAX_LABEL_BYTES = 60;

/** The same for the same work. */
function toDigest(run: CorpusRun, files: readonly PlannedFile[]): string {
  const { scope, storeId, output, generation, job, configurationVersion } = run;
  const digest = createHash('sha256').update(
    JSON.stringify([scope, storeId, output, generation, job.type, job.configurationId, configurationVersion]),
  );
  for (const { path, size, changeToken } of files) digest.update(JSON.stringify([path, size, changeToken]));
  return digest.digest('hex').slice(0, 32);
}

const noteSchema = z.object({
  directoryId: z.string(),
  createdAt: z.string().nullable(),
  expiresAt: z.string().nullable(),
});
/** What is noted of a directory that was created. */
type Note = z.infer<typeof noteSchema>;

async function readNote(outputs: OutputStore, key: readonly string[]): Promise<Note | undefined> {
  for await (const json of readLines(outputs, key)) return noteSchema.safeParse(json).data;
  return undefined;
}

/** Of several, lost responses have left all but one empty. */
async function findDirectory(
  { llamacloud }: ActivityDeps,
  name: string,
  note: Note | undefined,
  scope: CorpusRun['scope'] & { signal: AbortSignal },
): Promise<Omit<PartDirectory, 'isExisting'> | undefined> {
  const found: Omit<PartDirectory, 'isExisting'>[] = [];
  for await (const directory of llamacloud.iterateDirectories({ ...scope, name })) {
    // LlamaCloud may ignore the filter.
    if (directory.id === null || directory.name !== name || directory.deleted_at != null) continue;
    if (isExpired(directory.expires_at)) continue;
    found.push({ directoryId: directory.id, createdAt: directory.created_at ?? null });
  }
  if (
    note !== undefined &&
    !isExpired(note.expiresAt) &&
    found.every(({ directoryId }) => directoryId !== note.directoryId)
  ) {
    const { directoryId, createdAt } = note;
    if (await isThere(llamacloud, directoryId, scope)) found.push({ directoryId, createdAt });
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

/** LlamaCloud may have removed a directory before it said so. */
async function isThere(
  llamacloud: ActivityDeps['llamacloud'],
  directoryId: string,
  scope: CorpusRun['scope'] & { signal: AbortSignal },
): Promise<boolean> {
  try {
    await llamacloud.listDirectoryFiles(directoryId, { ...scope, pageSize: 1 });
    return true;
  } catch (error) {
    if (error instanceof HttpStatusError && error.status === 404) return false;
    throw error;
  }
}

/** The oldest first. */
function toSortKey({ createdAt, directoryId }: Omit<PartDirectory, 'isExisting'>): string {
  return `${createdAt ?? ''} ${directoryId}`;
}

function isExpired(expiresAt: string | null | undefined): boolean {
  return expiresAt != null && Date.parse(expiresAt) < Date.now();
}
