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

// Not only UUIDs: ids are not UUIDs in practice. Presets are in capitals, so a misspelt one never looks saved.
const LOOKS_SAVED = /^cfg-[0-9a-z]+(-[0-9a-z]+)*$/;

/** The configurations that exist: the presets, the announced ones, and unless some were given at the start any saved id. */
export class Configurations {
  readonly #announced: Set<string>;
  readonly #acceptsAnySaved: boolean;

  constructor(ids: readonly string[]) {
    this.#announced = new Set(ids);
    this.#acceptsAnySaved = ids.length === 0;
  }

  add(id: string): void {
    this.#announced.add(id);
  }

  /** Throws the 404 of an id that does not exist, and the 400 of a preset for the other job type. */
  check(id: string, jobType: JobType): void {
    const presetFor = PRESETS.get(id);
    if (presetFor !== undefined && presetFor !== jobType) {
      throw new HttpError(400, `configuration ${id} is for ${presetFor}, not ${jobType}`);
    }
    const exists =
      presetFor !== undefined || this.#announced.has(id) || (this.#acceptsAnySaved && LOOKS_SAVED.test(id));
    if (!exists) throw new HttpError(404, 'configuration not found');
  }
}
