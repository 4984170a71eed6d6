import { Option } from 'commander';
import type { CliCommand } from '../../command.js';
import type { CommandContext } from '../../command-context.js';
import { addBatchId, type BatchIdFlags, readBatchId } from './batch-id.js';
import { renderBatch, renderResults } from './render-batches.js';
import { type LlamaCloudFlags, withLlamaCloud } from './with-llamacloud.js';

interface GetFlags extends LlamaCloudFlags, BatchIdFlags {
  readonly expand?: 'results';
}

export function addBatchesGet(group: CliCommand, context: CommandContext): void {
  addBatchId(group.command('get'))
    .summary('get a batch')
    .description('Get a batch: GET /api/v2/batches/{batch_id}.')
    .addOption(
      new Option(
        '--expand <field>',
        'results adds the job of each file; LlamaCloud may have none while the batch runs',
      ).choices(['results']),
    )
    .action(async (argument: string | undefined, _flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<GetFlags>();
      const id = readBatchId(argument, flags);
      const { expand } = flags;
      await withLlamaCloud(context, flags, async (llamacloud, scope) => {
        const batch = await llamacloud.getBatch(id, {
          ...scope,
          ...(expand === undefined ? {} : { expand: [expand] }),
        });
        const results = expand === undefined ? [] : ['', ...renderResults(batch.results)];
        context.response(batch, [...renderBatch(batch), ...results]);
      });
    })
    .examples('temporal-llamacloud batches get --batch-id bat-... --expand results');
}
