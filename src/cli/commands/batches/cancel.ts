import type { CliCommand } from '../../command.js';
import type { CommandContext } from '../../command-context.js';
import { addBatchId, type BatchIdFlags, readBatchId } from './batch-id.js';
import { renderBatch } from './render-batches.js';
import { type LlamaCloudFlags, withLlamaCloud } from './with-llamacloud.js';

const DESCRIPTION = `Request the cancellation of a batch: POST /api/v2/batches/{batch_id}/cancel. The batch becomes CANCELLED later. Files that have finished keep their results. A batch that has ended can't be cancelled.

For the batch of a run, cancel the run: temporal-llamacloud cancel.`;

export function addBatchesCancel(group: CliCommand, context: CommandContext): void {
  addBatchId(group.command('cancel'))
    .summary('request the cancellation of a batch')
    .description(DESCRIPTION)
    .action(async (argument: string | undefined, _flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<LlamaCloudFlags & BatchIdFlags>();
      const id = readBatchId(argument, flags);
      await withLlamaCloud(context, flags, async (llamacloud, scope) => {
        const batch = await llamacloud.cancelBatch(id, scope);
        context.response(batch, [`Requested the cancellation of ${id}`, ...renderBatch(batch)]);
      });
    })
    .examples('temporal-llamacloud batches cancel --batch-id bat-...');
}
