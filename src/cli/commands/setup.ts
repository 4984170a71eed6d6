import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

const DESCRIPTION = `Register the search attributes LlamaCloudBatchId, LlamaCloudBatchStatus, LlamaCloudDirectoryId, LlamaCloudJobType and LlamaCloudRunState in the namespace, once for each namespace. With them, you can search for runs in the Temporal UI.

Runs also work without them, but can't be searched by them. Temporal Cloud does not allow this command: add the five attributes, of type Keyword, in the settings of the namespace.`;

export function addSetup(program: CliCommand, context: CommandContext): void {
  program
    .command('setup')
    .summary('register the search attributes in the namespace')
    .description(DESCRIPTION)
    .action(async (_flags: object, command: CliCommand) => {
      const { registerSearchAttributes } = await import('../../client/search-attributes.js');
      await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async ({ client, config }) => {
        const { namespace } = config;
        const added = await registerSearchAttributes(client.connection, namespace);
        context.info(
          added.length === 0
            ? `The search attributes are already registered in namespace ${namespace}`
            : `Registered in namespace ${namespace}: ${added.join(', ')}`,
        );
        context.json({ ok: true, namespace, added });
      });
    })
    .examples('temporal-llamacloud setup', 'temporal-llamacloud setup --namespace documents');
}
