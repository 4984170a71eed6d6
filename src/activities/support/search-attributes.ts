import { Context } from '@temporalio/activity';
import { SEARCH_ATTRIBUTES } from '../../protocol/index.js';

/**
 * Whether all search attributes are registered. A workflow that sets an unregistered one would be stuck, so an error counts as
 * no. Self-hosted servers have the operator service. Temporal Cloud has only `getSearchAttributes`, which takes no namespace.
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

/** A search attribute of another type would get the workflow stuck as well. */
function isComplete(types: Record<string, unknown> | null | undefined): boolean {
  return Object.values(SEARCH_ATTRIBUTES).every((name) => types?.[name] === KEYWORD);
}
