import { HttpError } from './http-error.js';
import type { JobType } from './model.js';

const PRESETS: ReadonlyMap<string, JobType> = new Map<string, JobType>([
  ['cfg-PARSE_FAST', 'parse_v2'],
  ['cfg-PARSE_COST_EFFECTIVE', 'parse_v2'],
  ['cfg-PARSE_AGENTIC', 'parse_v2'],
  ['cfg-PARSE_AGENTIC_PLUS', 'parse_v2'],
  ['cfg-EXTRACT_COST_EFFECTIVE', 'extract_v2'],
  ['cfg-EXTRACT_AGENTIC', 'extract_v2'],
  ['cfg-EXTRACT_AGENTIC_PLUS', 'extract_v2'],
]);

/** A saved configuration. */
interface SavedConfiguration {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly savedAtMs: number;
}

/** The configurations of the emulated project: the built-in presets, and the saved ones that were added. */
export class Configurations {
  readonly #saved = new Map<string, SavedConfiguration>();

  constructor(savedIds: readonly string[]) {
    for (const id of savedIds) this.add(id);
  }

  /** Adds a saved configuration, which is good for both job types, or saves it again with other parameters. */
  add(id: string, parameters: SavedConfiguration['parameters'] = { product_type: 'parse_v2' }): void {
    this.#saved.set(id, { parameters, savedAtMs: Date.now() });
  }

  /** A saved configuration; throws the 404 for any other id, also of a preset. */
  find(id: string): SavedConfiguration {
    const saved = this.#saved.get(id);
    if (saved === undefined) throw new HttpError(404, `configuration ${id} not found`);
    return saved;
  }

  /**
   * @throws HttpError 404 for an unknown configuration, 400 for a preset of the other job type. The statuses are those
   * that the API uses elsewhere: it documents none for this.
   */
  assertUsable(id: string, jobType: JobType): void {
    if (this.#saved.has(id)) return;
    const presetType = PRESETS.get(id);
    if (presetType === undefined) {
      throw new HttpError(
        404,
        `configuration ${id} not found; the emulator has presets such as cfg-PARSE_AGENTIC, and the saved configurations that were added to it`,
      );
    }
    if (presetType !== jobType) throw new HttpError(400, `configuration ${id} is for ${presetType}, not ${jobType}`);
  }
}
