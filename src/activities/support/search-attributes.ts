import { activityInfo, Context, log } from '@temporalio/activity';
import { checkSearchAttributes, registerCommand } from '../../protocol/index.js';

/**
 * Checks whether all search attributes are registered in the namespace, as Keywords. Returns false if that can't be read: a workflow that
 * sets an attribute that is not registered gets stuck.
 *
 * Self-hosted servers have the operator service. Temporal Cloud has only `getSearchAttributes`, which takes no namespace.
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

function isComplete(registered: Readonly<Record<string, unknown>> | null | undefined): boolean {
  const { missing, wrongType } = checkSearchAttributes(registered ?? {});
  return missing.length === 0 && wrongType.length === 0;
}

/** The message holds the command: a worker's log may show nothing but messages. */
export function warnAboutSearchAttributes(): void {
  const { namespace } = activityInfo();
  log.warn(
    `The search attributes of temporal-llamacloud are not registered in namespace ${namespace}: runs can't be found by ` +
      `batch, status, directory or job type. To register them, run: ${registerCommand(namespace)}`,
  );
}
