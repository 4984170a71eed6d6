import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Fields of the inputs of this package's activities that say what an activity works on. */
const ID_FIELDS = ['batchId', 'directoryId', 'fileId', 'jobId'] as const;

/** An input may hold anything that a person has started a workflow with. */
const MAX_ID_LENGTH = 200;

/**
 * Adds the ids of the batch, the directory, the file and the job to what an activity logs. The SDK adds the workflow id.
 *
 * @param activities Those of this package. Others are left alone.
 */
export function createLogIdsInterceptor(activities: object): ActivityInterceptorsFactory {
  return ({ info: { activityType } }) => {
    if (!Object.hasOwn(activities, activityType)) return {};
    let ids: Record<string, string> = {};
    return {
      inbound: {
        execute: (input, next) => {
          ids = readIds(input.args[0]);
          return next(input);
        },
      },
      outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, ...ids }) },
    };
  };
}

function readIds(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  const values = new Map<string, unknown>(Object.entries(input));
  const ids: Record<string, string> = {};
  for (const name of ID_FIELDS) {
    const value = values.get(name);
    if (typeof value === 'string') ids[name] = value.slice(0, MAX_ID_LENGTH);
  }
  return ids;
}
