import { HttpError } from './http-error.js';
import type { JobType } from './model.js';
import type { SeededRandom } from './seeded-random.js';
import { formatServiceTime } from './service-clock.js';
import type { Settings } from './settings.js';

const PRESETS: ReadonlyMap<string, JobType> = new Map<string, JobType>([
  ['cfg-PARSE_FAST', 'parse_v2'],
  ['cfg-PARSE_COST_EFFECTIVE', 'parse_v2'],
  ['cfg-PARSE_AGENTIC', 'parse_v2'],
  ['cfg-PARSE_AGENTIC_PLUS', 'parse_v2'],
  ['cfg-EXTRACT_COST_EFFECTIVE', 'extract_v2'],
  ['cfg-EXTRACT_AGENTIC', 'extract_v2'],
  ['cfg-EXTRACT_AGENTIC_PLUS', 'extract_v2'],
]);

export interface AddConfigurationOptions {
  /** Default: the id. */
  readonly name?: string;
  /** The only product that can use it. Default: both. */
  readonly productType?: JobType;
  /** What the configuration says. Default: nothing. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** One version of a saved configuration. All versions have the same id, since saving it again changes it. */
export interface Configuration {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly productType: JobType | 'unknown';
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  /** When this version was saved. Its version is this time. */
  readonly updatedAtMs: number;
}

/** The configurations of the emulated project: the built-in presets, and the saved ones. */
export class Configurations {
  /** Every version, oldest first. */
  readonly #versions: Configuration[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly random: SeededRandom,
  ) {
    for (const id of settings.configurationIds) this.add(id);
  }

  /** Adds a saved configuration, or a new version of it. */
  add(id: string, options: AddConfigurationOptions = {}): Configuration {
    const previous = this.#latest(id);
    const lastMs = this.#versions.at(-1)?.updatedAtMs ?? 0;
    // Each version has a time of its own, also if two are saved in the same millisecond.
    const updatedAtMs = Math.max(Date.now(), lastMs + 1);
    const configuration: Configuration = {
      seq: this.#versions.length,
      id,
      name: options.name ?? previous?.name ?? id,
      productType: options.productType ?? previous?.productType ?? 'unknown',
      parameters: options.parameters ?? previous?.parameters ?? {},
      createdAtMs: previous?.createdAtMs ?? updatedAtMs,
      updatedAtMs,
    };
    this.#versions.push(configuration);
    return configuration;
  }

  /** Saves a configuration under a name: one of the same product and name gets a new version. */
  upsert(name: string, productType: JobType, parameters: Readonly<Record<string, unknown>>): Configuration {
    const existing = this.list(true).find((other) => other.name === name && other.productType === productType);
    return this.add(existing?.id ?? this.random.uuid('cfg-'), { name, productType, parameters });
  }

  /** Newest first. `latestOnly` leaves older versions out. */
  list(latestOnly: boolean): readonly Configuration[] {
    const newestFirst = this.#versions.toReversed();
    return latestOnly ? newestFirst.filter((version) => version === this.#latest(version.id)) : newestFirst;
  }

  /** The latest version; throws the 404 if there is none. A preset can be read only with `presetsReadable`. */
  find(id: string): Configuration {
    const found = this.#latest(id) ?? (this.settings.presetsReadable ? this.#preset(id) : undefined);
    if (found === undefined) throw new HttpError(404, `configuration ${id} not found`);
    return found;
  }

  version({ updatedAtMs }: Configuration): string {
    return formatServiceTime(updatedAtMs, this.settings);
  }

  /** `cost_effective` and so on; null if it is not known. */
  tier(id: string): string | null {
    const preset = /^cfg-(?:PARSE|EXTRACT)_([A-Z_]+)$/.exec(id)?.[1]?.toLowerCase();
    const saved = this.#latest(id)?.parameters.tier;
    return preset ?? (typeof saved === 'string' ? saved : null);
  }

  /**
   * @throws HttpError 404 for an unknown configuration, 400 for one of the other job type. The statuses are those that the API
   * uses elsewhere: it documents none for this.
   */
  assertUsable(id: string, jobType: JobType): void {
    const productType = this.#latest(id)?.productType ?? PRESETS.get(id);
    if (productType === undefined) {
      throw new HttpError(
        404,
        `configuration ${id} not found; the emulator has presets such as cfg-PARSE_AGENTIC, and the saved configurations that were added to it`,
      );
    }
    if (productType !== jobType && productType !== 'unknown') {
      throw new HttpError(400, `configuration ${id} is for ${productType}, not ${jobType}`);
    }
  }

  #latest(id: string): Configuration | undefined {
    return this.#versions.findLast((version) => version.id === id);
  }

  #preset(id: string): Configuration | undefined {
    const productType = PRESETS.get(id);
    if (productType === undefined) return undefined;
    return { seq: -1, id, name: id, productType, parameters: { tier: this.tier(id) }, createdAtMs: 0, updatedAtMs: 0 };
  }
}
