import { HttpError } from './http-error.js';
import type { Directory } from './model.js';
import type { SeededRandom } from './seeded-random.js';
import { formatServiceTime } from './service-clock.js';
import type { Settings } from './settings.js';

/** A batch over the same directory whose body has an unusual shape. */
export interface UnusualBatch {
  /** Negative: older than every batch that was created here. */
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

/** The unusual batches of each directory; see the option `unusualBatches`. */
export class UnusualBatches {
  readonly #byDirectory = new Map<string, readonly UnusualBatch[]>();

  constructor(
    private readonly settings: Settings,
    private readonly random: SeededRandom,
  ) {}

  /** The unusual batches of a directory, newest first, all older than the directory. The same ones at each call. */
  list(directory: Directory | undefined): readonly UnusualBatch[] {
    if (!this.settings.unusualBatches || directory === undefined) return [];
    const existing = this.#byDirectory.get(directory.id);
    if (existing !== undefined) return existing;
    const created = UNUSUAL_FIELDS.map((_, index) => this.#make(directory, index));
    this.#byDirectory.set(directory.id, created);
    return created;
  }

  /** Finds an unusual batch that was listed before. */
  find(id: string): UnusualBatch | undefined {
    for (const batches of this.#byDirectory.values()) {
      const found = batches.find((batch) => batch.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Throws the 409 for an unusual batch: all of them have ended. */
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
      // Undefined fields are left out of the JSON.
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
