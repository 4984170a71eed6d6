import { WorkflowUpdateFailedError } from '@temporalio/client';
import { MAX_CONCURRENT_JOBS_LIMIT } from '../../protocol/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { CliError } from '../errors.js';
import { integer, nonEmpty } from '../options/parsers.js';
import { readUser } from '../read-user.js';
import { attachToRun, readRunStatus } from '../runs/run-status.js';
import type { AnyRun } from '../runs/run-types.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

const PAUSE = `Pause a run: it starts no more child workflows and polls no more, until it is resumed. What runs goes on: children that are open, and the batch and its jobs in LlamaCloud. A run over many directories pauses its batches too. The times of --timeout and --job-timeout go on.`;

const SET_MAX_CONCURRENT_JOBS = `Change how many child workflows of a run are open at a time. Those that are open go on. Over many directories: in each batch.`;

const EXAMPLE_ID = 'llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC';

export function addPause(program: CliCommand, context: CommandContext): void {
  program
    .command('pause')
    .summary('pause a run')
    .description(PAUSE)
    .argument('<workflow-id>', 'workflow id that start has printed', nonEmpty)
    .option('--reason <text>', 'why, for those who look at the run', nonEmpty)
    .action(async (workflowId: string, { reason }: { reason?: string }, command: CliCommand) => {
      await update(context, command, workflowId, async (run) => {
        const pause = await run.pause({ by: readUser(), ...(reason === undefined ? {} : { reason }) });
        context.info(`Paused ${workflowId}`);
        context.info(`Resume it: ${context.renderCommand('resume', workflowId)}`);
        context.json({ ok: true, workflowId, pause });
      });
    })
    .examples(`temporal-llamacloud pause ${EXAMPLE_ID} --reason "LlamaCloud has an incident"`);
}

export function addResume(program: CliCommand, context: CommandContext): void {
  program
    .command('resume')
    .summary('end the pause of a run')
    .description('End the pause of a run. Does nothing if the run is not paused.')
    .argument('<workflow-id>', 'workflow id that start has printed', nonEmpty)
    .action(async (workflowId: string, _flags: object, command: CliCommand) => {
      await update(context, command, workflowId, async (run) => {
        await run.resume();
        context.info(`Resumed ${workflowId}`);
        context.json({ ok: true, workflowId });
      });
    })
    .examples(`temporal-llamacloud resume ${EXAMPLE_ID}`);
}

export function addSetMaxConcurrentJobs(program: CliCommand, context: CommandContext): void {
  program
    .command('set-max-concurrent-jobs')
    .summary('change how many children of a run are open at a time')
    .description(SET_MAX_CONCURRENT_JOBS)
    .argument('<workflow-id>', 'workflow id that start has printed', nonEmpty)
    .argument('<number>', `1 to ${MAX_CONCURRENT_JOBS_LIMIT}`, integer(1, MAX_CONCURRENT_JOBS_LIMIT))
    .action(async (workflowId: string, maxConcurrentJobs: number, _flags: object, command: CliCommand) => {
      await update(context, command, workflowId, async (run) => {
        await run.setMaxConcurrentJobs(maxConcurrentJobs);
        context.info(`${workflowId} has at most ${maxConcurrentJobs} children open at a time`);
        context.json({ ok: true, workflowId, maxConcurrentJobs });
      });
    })
    .examples(`temporal-llamacloud set-max-concurrent-jobs ${EXAMPLE_ID} 10`);
}

async function update(
  context: CommandContext,
  command: CliCommand,
  workflowId: string,
  act: (run: AnyRun) => Promise<void>,
): Promise<void> {
  await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async (temporal) => {
    const status = await readRunStatus(temporal, workflowId);
    const howItEnded = `See how it ended: ${context.renderCommand('progress', workflowId)}`;
    if (!status.isOpen) throw new CliError(`${workflowId} has already ended: ${status.status}`, howItEnded);
    try {
      await act(attachToRun(temporal, workflowId, status));
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      throw new CliError(`${workflowId} refused: ${error.cause?.message ?? error.message}`, howItEnded);
    }
  });
}
