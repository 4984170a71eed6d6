import type { CliCommand } from '../command.js';
import type { Shell } from '../shell.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

const DESCRIPTION = `Register the search attributes by which batch runs are found in the Temporal UI, once for each namespace.

Without them everything works, but the UI can't search by batch, status, directory and job type. Temporal Cloud does not allow it this way: there, add the four as Keywords in the namespace's settings.`;

export function addSetup(program: CliCommand, { session }: Shell): void {
  program
    .command('setup')
    .summary('register the search attributes in the namespace, once')
    .description(DESCRIPTION)
    .action(async (_flags: object, command: CliCommand) => {
      const { registerSearchAttributes } = await import('../../client/search-attributes.js');
      await withTemporal(session, command.optsWithGlobals<TemporalFlags>(), async ({ client, config }) => {
        const { namespace } = config;
        const added = await registerSearchAttributes(client.connection, namespace);
        session.say(
          added.length === 0
            ? `Namespace ${namespace} has the search attributes already`
            : `Registered in namespace ${namespace}: ${added.join(', ')}`,
        );
        session.answer({ ok: true, namespace, added });
      });
    })
    .examples('temporal-llamacloud setup', 'temporal-llamacloud setup --namespace documents');
}
