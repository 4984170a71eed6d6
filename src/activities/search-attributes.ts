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
    return isComplete(Object.keys(customAttributes ?? {}));
  } catch {
    return hasInCluster();
  }
}

async function hasInCluster(): Promise<boolean> {
  try {
    const { keys } = await Context.current().client.connection.workflowService.getSearchAttributes({});
    return isComplete(Object.keys(keys ?? {}));
  } catch {
    return false;
  }
}

function isComplete(names: readonly string[]): boolean {
  return Object.values(SEARCH_ATTRIBUTES).every((name) => names.includes(name));
}
