import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DirectoryFile } from '../../llamacloud/index.js';
import { type CorpusRun, chunk } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { listDirectoryPages } from '../support/directory-pages.js';

/** LlamaCloud publishes no limit. */
const MAX_UNIQUE_ID_BYTES = 200;

/** LlamaCloud's limit for one request. */
const MAX_DELETED = 100;

/** The `unique_id` of a file: its path, or the start of it and a hash where the path is no text that everybody takes. */
export function toUniqueId(path: string): string {
  const isPlain = path.isWellFormed() && !/\p{Cc}/u.test(path) && Buffer.byteLength(path) <= MAX_UNIQUE_ID_BYTES;
  if (isPlain && path === path.trim()) return path;
  // Of UTF-16: in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(path, 'utf16le').digest('hex').slice(0, 32);
  const start = path
    .slice(0, 40)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '_')
    .trim();
  return `${start}~${hash}`;
}

/** What was uploaded for one path. */
export interface SentFile {
  fileId: string;
  size: number | null;
  changeToken: string | null;
  sha256: string | null;
}

const metadataSchema = z.object({
  sha256: z.string().nullable().catch(null),
  size: z.coerce.number().nullable().catch(null),
  change_token: z.string().nullable().catch(null),
});

/** The files of a directory, as LlamaCloud lists them. */
export class DirectoryUploads {
  readonly #deps: ActivityDeps;
  readonly #run: CorpusRun;
  readonly #directoryId: string;
  readonly #signal: AbortSignal;
  #byUniqueId = new Map<string, DirectoryFile[]>();

  constructor(deps: ActivityDeps, run: CorpusRun, directoryId: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#run = run;
    this.#directoryId = directoryId;
    this.#signal = signal;
  }

  /**
   * `GET /api/v1/beta/directories/{id}/files`.
   *
   * @param sentUniqueIds The `unique_id`s of files whose ids are known, by id: LlamaCloud may list them with others, such as trimmed ones.
   */
  async read(sentUniqueIds: ReadonlyMap<string, string>): Promise<void> {
    const byUniqueId = new Map<string, DirectoryFile[]>();
    const directory = { ...this.#run.scope, directoryId: this.#directoryId };
    const seen = new Set<string>();
    for await (const { files } of listDirectoryPages(this.#deps, directory, this.#signal)) {
      for (const file of files) {
        const { id } = file;
        if (id === null || seen.has(id)) continue;
        const uniqueId = sentUniqueIds.get(id) ?? file.unique_id;
        if (uniqueId == null) continue;
        seen.add(id);
        byUniqueId.set(uniqueId, [...(byUniqueId.get(uniqueId) ?? []), file]);
      }
    }
    this.#byUniqueId = byUniqueId;
  }

  has(path: string): boolean {
    return this.#byUniqueId.has(toUniqueId(path));
  }

  find(path: string): SentFile | undefined {
    const [file] = (this.#byUniqueId.get(toUniqueId(path)) ?? []).toSorted(byAge);
    if (file === undefined || file.id === null) return undefined;
    const metadata = metadataSchema.safeParse(file.metadata).data;
    return {
      fileId: file.id,
      size: metadata?.size ?? null,
      changeToken: metadata?.change_token ?? null,
      sha256: metadata?.sha256 ?? null,
    };
  }

  /** Deletes all but the oldest of files with the same `unique_id`: each would be billed. `POST .../files/bulk-delete`. */
  async deleteRepeated(): Promise<void> {
    const repeated = [...this.#byUniqueId.values()].flatMap((files) => files.toSorted(byAge).slice(1));
    const ids = repeated.flatMap(({ id }) => id ?? []);
    for (const portion of chunk(ids, MAX_DELETED)) {
      await this.#deps.llamacloud.deleteDirectoryFiles(this.#directoryId, portion, {
        ...this.#run.scope,
        signal: this.#signal,
      });
    }
  }
}

function byAge(a: DirectoryFile, b: DirectoryFile): number {
  const [ageA, ageB] = [a.created_at ?? '', b.created_at ?? ''];
  if (ageA !== ageB) return ageA < ageB ? -1 : 1;
  return (a.id ?? '') < (b.id ?? '') ? -1 : 1;
}
