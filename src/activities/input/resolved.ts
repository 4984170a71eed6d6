/** Fields with their defaults filled in. */
import type { z } from 'zod';
import { type ApiScope, DEFAULT_POLL, type ResolvedPoll } from '../../protocol/index.js';
import type { poll } from './schemas.js';

export function resolvePoll(value: z.infer<typeof poll>): ResolvedPoll {
  const initialMs = value?.initialInterval ?? DEFAULT_POLL.initialMs;
  return {
    initialMs,
    coefficient: value?.backoffCoefficient ?? DEFAULT_POLL.coefficient,
    // An interval that is asked for is had, also where it is longer than the default of the longest.
    maximumMs: value?.maximumInterval ?? Math.max(DEFAULT_POLL.maximumMs, initialMs),
  };
}

/** Without the keys that were not given: not even `undefined` is in history. */
export function scopeOf(value: { projectId?: string | undefined; organizationId?: string | undefined }): ApiScope {
  return {
    ...(value.projectId === undefined ? {} : { projectId: value.projectId }),
    ...(value.organizationId === undefined ? {} : { organizationId: value.organizationId }),
  };
}
