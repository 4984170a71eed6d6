import { createHash } from 'node:crypto';
import type { CallOptions, LlamaCloudClient } from '../../llamacloud/index.js';
import type { ResolvedCorpusInput } from '../../protocol/index.js';
import { isRejected } from '../support/to-failure.js';

export interface ShownConfiguration {
  /** Fingerprint of the parameters; `null` if LlamaCloud does not show them, as for a preset. */
  version: string | null;
  /** What the configuration says; `null` if LlamaCloud does not show it. */
  parameters: unknown;
}

/**
 * Reads the parameters of a configuration, and makes a fingerprint of them: the content under one id may change.
 * `GET /api/v1/beta/configurations/{id}`.
 */
export async function readConfiguration(
  llamacloud: Pick<LlamaCloudClient, 'getConfiguration'>,
  { job, scope }: Pick<ResolvedCorpusInput, 'job' | 'scope'>,
  signal: AbortSignal,
): Promise<ShownConfiguration> {
  const options: CallOptions = { ...scope, signal };
  try {
    const { parameters } = await llamacloud.getConfiguration(job.configurationId, options);
    if (parameters == null) return { version: null, parameters: null };
    const version = createHash('sha256').update(toCanonicalJson(parameters)).digest('hex').slice(0, 16);
    return { version, parameters };
  } catch (error) {
    if (isRejected(error, 'read')) return { version: null, parameters: null };
    throw error;
  }
}

/** The same text for the same value, whatever the order of its keys. */
function toCanonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
