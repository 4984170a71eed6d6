import { createHash } from 'node:crypto';
import type { CallOptions } from '../../llamacloud/index.js';
import type { ResolvedCorpusInput } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { isRejected } from '../support/to-failure.js';

/**
 * Fingerprint of the parameters of a configuration: the content under one id may change. `GET /api/v1/beta/configurations/{id}`.
 *
 * @returns `null` if LlamaCloud does not show it, as for a preset.
 */
export async function readConfigurationVersion(
  { llamacloud }: ActivityDeps,
  { job, scope }: Pick<ResolvedCorpusInput, 'job' | 'scope'>,
  signal: AbortSignal,
): Promise<string | null> {
  const options: CallOptions = { ...scope, signal };
  try {
    const { parameters } = await llamacloud.getConfiguration(job.configurationId, options);
    if (parameters == null) return null;
    return createHash('sha256').update(toCanonicalJson(parameters)).digest('hex').slice(0, 16);
  } catch (error) {
    if (isRejected(error, 'read')) return null;
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
