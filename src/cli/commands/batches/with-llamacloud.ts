import type { CallOptions, LlamaCloudClient } from '../../../llamacloud/index.js';
import type { CommandContext } from '../../command-context.js';
import { UsageError } from '../../errors.js';
import { hasTemporalFlags, type TemporalFlags } from '../../temporal.js';

/** Options of every command of the group. The flags of Temporal are refused. */
export interface LlamaCloudFlags extends TemporalFlags {
  readonly apiKey?: string;
  readonly projectId?: string;
  readonly organizationId?: string;
}

/** The project and the organization of a request. */
export type Scope = Pick<CallOptions, 'projectId' | 'organizationId'>;

/** Calls `use` with a client of LlamaCloud. @throws UsageError, ConfigError */
export async function withLlamaCloud<T>(
  context: CommandContext,
  flags: LlamaCloudFlags,
  use: (llamacloud: LlamaCloudClient, scope: Scope) => Promise<T>,
): Promise<T> {
  if (hasTemporalFlags(flags)) {
    throw new UsageError(
      'batches uses no Temporal server: it takes no --address, --namespace or --task-queue',
      'To process a batch with Temporal: temporal-llamacloud start',
    );
  }
  // Loaded here: help and usage errors do not need it.
  const { llamaCloudConnectionFromEnv } = await import('../../../config/config.js');
  const { LlamaCloudClient } = await import('../../../llamacloud/index.js');
  const { apiKey, projectId, organizationId } = flags;
  const env = apiKey === undefined ? context.env : { ...context.env, LLAMA_CLOUD_API_KEY: apiKey };
  const llamacloud = new LlamaCloudClient(llamaCloudConnectionFromEnv(env));
  return await use(llamacloud, { projectId, organizationId });
}

/** The scope as arguments of another command. */
export function toScopeArgs({ projectId, organizationId }: Scope): string[] {
  return [
    ...(projectId === undefined ? [] : ['--project-id', projectId]),
    ...(organizationId === undefined ? [] : ['--organization-id', organizationId]),
  ];
}
