import { HttpError } from './http-error.js';
import type { Directory } from './model.js';
import type { Settings } from './options.js';
import type { SeededRandom } from './seeded-random.js';
import { formatServiceTime } from './service-clock.js';

/** A batch of somebody else over the same directory, whose body does not have the usual shape. */
export interface UnusualBatch {
  /** Below every real batch's, since it is older. */
  readonly seq: number;
  readonly id: string;
  readonly status: string;
  readonly createdAtMs: number;
  readonly projectId: string;
  readonly body: () => object;
}

const HOUR_MS = 60 * 60 * 1000;

interface UnusualFields {
  readonly status?: string;
  readonly [field: string]: unknown;
}

const UNUSUAL_FIELDS: readonly ((createdAtMs: number) => UnusualFields)[] = [
  () => ({ config: undefined }),
  () => ({ config: { job: { type: 'split_v1', configuration_id: 'cfg-SPLIT_STANDARD' } } }),
  (createdAtMs) => ({ created_at: createdAtMs / 1000, updated_at: createdAtMs / 1000 }),
  () => ({ source_directory_id: undefined }),
  () => ({ status: 'ARCHIVED' }),
];

/** The same few strange batches each time a directory's batches are listed; see `unusualBatches` of the options. */
export class UnusualBatches {
  readonly #byDirectory = new Map<string, readonly UnusualBatch[]>();

  constructor(
    private readonly settings: Settings,
    private readonly random: SeededRandom,
  ) {}

  /** Newest first, and all older than the directory. */
  of(directory: Directory | undefined): readonly UnusualBatch[] {
    if (!this.settings.unusualBatches || directory === undefined) return [];
    const known = this.#byDirectory.get(directory.id);
    if (known !== undefined) return known;
    const made = UNUSUAL_FIELDS.map((_, index) => this.#make(directory, index));
    this.#byDirectory.set(directory.id, made);
    return made;
  }

  /** By its id. Only one that a list has shown is there. */
  find(id: string): UnusualBatch | undefined {
    for (const batches of this.#byDirectory.values()) {
      const found = batches.find((batch) => batch.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Throws the 409 of a neighbour: all have ended. */
  refuseCancel(id: string): void {
    const found = this.find(id);
    if (found !== undefined) throw new HttpError(409, `batch ${id} is ${found.status} and can't be cancelled`);
  }

  #make(directory: Directory, index: number): UnusualBatch {
    const id = this.random.uuid('bat-', 'unusual-batches');
    const createdAtMs = directory.createdAtMs - (index + 1) * HOUR_MS;
    const fields = (atMs: number) => UNUSUAL_FIELDS[index]?.(atMs) ?? {};
    return {
      seq: -1 - index,
      id,
      status: fields(createdAtMs).status ?? 'COMPLETED',
      createdAtMs,
      projectId: directory.projectId,
      // A field that is undefined does not get into the JSON.
      body: () => ({
        id,
        created_at: formatServiceTime(createdAtMs, this.settings),
        updated_at: formatServiceTime(createdAtMs, this.settings),
        project_id: directory.projectId,
        source_directory_id: directory.id,
        config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
        status: 'COMPLETED',
        results: null,
        ...fields(createdAtMs + this.settings.clockOffsetMs),
      }),
    };
  }
}
