/** A workflow of another team, in a namespace of its own. It has neither the LlamaCloud key nor the activities. */
import { createNexusServiceClient } from '@temporalio/workflow';
import { llamaCloudService } from 'temporal-llamacloud/nexus';
import { isFailure } from 'temporal-llamacloud/protocol';

// The name that the endpoint was created with.
const llamacloud = createNexusServiceClient({ service: llamaCloudService, endpoint: 'llamacloud' });

/** Runs a batch, and waits for its report. If this workflow is cancelled, the batch is cancelled as well. */
export async function importInvoices(directoryId: string): Promise<string> {
  try {
    const { files, manifest } = await llamacloud.executeOperation('processBatch', {
      directoryId,
      job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    });
    return `${files.completed} of ${files.total} files completed. Manifest: ${manifest}`;
  } catch (error) {
    // The failure types are those of a run.
    if (!isFailure(error, 'BatchFailed')) throw error;
    return 'LlamaCloud could not process the batch.';
  }
}
