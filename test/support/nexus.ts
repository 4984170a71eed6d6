import { randomUUID } from 'node:crypto';
import type { TestNamespace } from './namespace.js';

/** Creates a Nexus endpoint, as `temporal operator nexus endpoint create` does. @returns Its name. */
export async function createEndpoint({ client, namespace }: TestNamespace, taskQueue: string): Promise<string> {
  const name = `endpoint-${randomUUID()}`;
  await client.connection.operatorService.createNexusEndpoint({
    spec: { name, target: { worker: { namespace, taskQueue } } },
  });
  return name;
}
