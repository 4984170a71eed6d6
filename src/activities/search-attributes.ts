import { Context } from '@temporalio/activity';
import { SEARCH_ATTRIBUTES } from '../protocol/index.js';

/**
 * Are the search attributes registered? A workflow that sets one that is not would be stuck, so any doubt is a no.
 * Self-hosted servers answer the operator service; Temporal Cloud has only the other, which knows nothing of namespaces.
 */
export async function hasSearchAttributes(): Promise<boolean> {
  try {
    const { connection, options } = Context.current().client;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: options.namespace,
    });
    return isComplete(customAttributes);
  } catch {
    return hasInCluster();
  }
}

async function hasInCluster(): Promise<boolean> {
  try {
    const { keys } = await Context.current().client.connection.workflowService.getSearchAttributes({});
    return isComplete(keys);
  } catch {
    return false;
  }
}

/** `temporal.api.enums.v1.IndexedValueType`. */
const KEYWORD = 2;

/** One that is registered with another type would get the workflow stuck as well. */
function isComplete(types: Record<string, unknown> | null | undefined): boolean {
  return Object.values(SEARCH_ATTRIBUTES).every((name) => types?.[name] === KEYWORD);
}
