import type { CliCommand } from '../command.js';
import { CliError } from '../errors.js';
import { statusOfRun } from '../run-status.js';
import type { Shell } from '../shell.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { quoted } from '../text.js';
import { nonEmpty } from '../values.js';

const DESCRIPTION = `Ask a batch run to stop. It cancels the batch in LlamaCloud and its open children, and lists in the manifest what has been collected.`;

export function addCancel(program: CliCommand, { session }: Shell): void {
  program
    .command('cancel')
    .summary('ask a batch run to stop')
    .description(DESCRIPTION)
    .argument('<workflow-id>', 'the id that start has printed', nonEmpty)
    .action(async (workflowId: string, _flags: object, command: CliCommand) => {
      await withTemporal(session, command.optsWithGlobals<TemporalFlags>(), async (temporal) => {
        const { status } = await statusOfRun(temporal, workflowId);
        if (status !== 'RUNNING') {
          throw new CliError(`${workflowId} has ended already: ${status}`, 'There is nothing to cancel.');
        }
        await temporal.batches.attach(workflowId).cancel();
        session.say(`Asked ${workflowId} to stop.`);
        session.say(`See it end: temporal-llamacloud progress ${quoted(workflowId)} --watch`);
        session.answer({ ok: true, workflowId });
      });
    })
    .examples('temporal-llamacloud cancel llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC');
}
