/** Fills in the defaults of fields that several inputs have. */
import type { z } from 'zod';
import { type ApiScope, DEFAULT_POLL, type ResolvedPoll } from '../../protocol/index.js';
import type { poll } from './schemas.js';

export function resolvePoll(value: z.infer<typeof poll>): ResolvedPoll {
  const initialInterval = value?.initialInterval ?? DEFAULT_POLL.initialInterval;
  return {
    initialInterval,
    latencyRatio: value?.latencyRatio ?? DEFAULT_POLL.latencyRatio,
    // An explicit `initialInterval` raises the default maximum.
    maximumInterval: value?.maximumInterval ?? Math.max(DEFAULT_POLL.maximumInterval, initialInterval),
  };
}

/** Picks the project and the organization, where they are given. */
export function toScope(value: { projectId?: string | undefined; organizationId?: string | undefined }): ApiScope {
  return {
    ...(value.projectId === undefined ? {} : { projectId: value.projectId }),
    ...(value.organizationId === undefined ? {} : { organizationId: value.organizationId }),
  };
}
