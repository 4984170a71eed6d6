import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { CliError } from '../errors.js';
import { nonEmpty } from '../options/parsers.js';
import { attachToRun, readRunStatus } from '../runs/run-status.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

const DESCRIPTION = `Cancel a run: it cancels its batch and its jobs in LlamaCloud, collects the documents that had finished (none with your own child workflow), and writes the manifest. The run ends within about 10 minutes, a run over many directories within about 20; the command does not wait for it. A run that was started with --on-stop leave leaves its batch running.`;

export function addCancel(program: CliCommand, context: CommandContext): void {
  program
    .command('cancel')
    .summary('cancel a run and its batch')
    .description(DESCRIPTION)
    .argument('<workflow-id>', 'workflow id that start has printed', nonEmpty)
    .action(async (workflowId: string, _flags: object, command: CliCommand) => {
      await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async (temporal) => {
        const status = await readRunStatus(temporal, workflowId);
        if (!status.isOpen) {
          throw new CliError(
            `${workflowId} has already ended: ${status.status}`,
            `See how it ended: ${context.renderCommand('progress', workflowId)}`,
          );
        }
        await attachToRun(temporal, workflowId, status.kind).cancel();
        context.info(`Requested cancellation of ${workflowId}`);
        context.info(`Wait for its end: ${context.renderCommand('watch', workflowId)}`);
        context.json({ ok: true, workflowId });
      });
    })
    .examples('temporal-llamacloud cancel llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC');
}
