/**
 * The contract of the Nexus service: names and types only. Workflow code can import it (`temporal-llamacloud/nexus`), and needs
 * nothing else of this package.
 */
import { operation, service } from 'nexus-rpc';
import type { BatchReport, DirectoriesReport, ProcessBatchInput, ProcessDirectoriesInput } from '../protocol/index.js';

/**
 * The Nexus service `llamacloud`. Workflows of another namespace call it through an endpoint. Workers that serve it have
 * `new LlamaCloudPlugin({ nexus: true })`.
 *
 * - `processBatch` runs a `processBatch` workflow, and returns its report.
 * - `processDirectories` runs a `processDirectories` workflow, and returns its report.
 *
 * Both refuse a wrong input with `InvalidInput` before anything is started. Cancelling an operation cancels its run.
 *
 * @example
 * ```ts
 * const llamacloud = createNexusServiceClient({ service: llamaCloudService, endpoint: 'llamacloud' });
 * const report = await llamacloud.executeOperation('processBatch', {
 *   directoryId: 'dir-...',
 *   job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
 * });
 * ```
 */
export const llamaCloudService = service('llamacloud', {
  processBatch: operation<ProcessBatchInput, BatchReport>(),
  processDirectories: operation<ProcessDirectoriesInput, DirectoriesReport>(),
});
