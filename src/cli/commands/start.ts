import { Option } from 'commander';
import type { StartBatchOptions } from '../../client/index.js';
import type { ProcessBatchInput, ProcessDirectoriesInput } from '../../protocol/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { CliError, UsageError } from '../errors.js';
import { addBatchOptions, toBatchInput } from '../options/batch-options.js';
import { addDirectoriesOptions, type DirectoriesFlags, toDirectoriesInput } from '../options/directories-options.js';
import { nonEmpty } from '../options/parsers.js';
import type { AnyRun } from '../runs/run-types.js';
import { waitForRun } from '../runs/wait-for-run.js';
import { type TemporalClients, type TemporalFlags, withTemporal } from '../temporal.js';

/** Temporal's names of the policies. */
const CONFLICT_POLICIES = {
  fail: 'FAIL',
  'use-existing': 'USE_EXISTING',
  'terminate-existing': 'TERMINATE_EXISTING',
} as const;

interface StartFlags extends DirectoriesFlags, TemporalFlags {
  readonly workflowId?: string;
  readonly onConflict: keyof typeof CONFLICT_POLICIES;
  readonly redrive?: boolean;
  readonly wait?: boolean;
}

const DESCRIPTION = `Start a run: it creates a batch over a LlamaCloud directory, waits until LlamaCloud has parsed or extracted every file, and stores a document for each file. A worker has to be running: temporal-llamacloud worker.

A batch takes at most 1,000 files, so the directory may hold no more. For more files, use several directories: repeat --directory.

Prints the workflow id and the run id. With --wait, prints the workflow id, the progress and the report.

While a run is open, a second start of the same directory, job and configuration is refused. After it has ended, a start creates a new batch, and you pay for it.`;

export function addStart(program: CliCommand, context: CommandContext): void {
  const command = program
    .command('start')
    .summary('start a run: process the files of a LlamaCloud directory')
    .description(DESCRIPTION);
  addDirectoriesOptions(addBatchOptions(command, { manyDirectories: true }))
    .option(
      '--redrive',
      'with --batch: make new jobs for the files whose job LlamaCloud has failed, and pay for these only; also collect what is missing. The same as --only-missing --retry-failed 1. A second time changes nothing: give --retry-failed 2 for one more job for each file',
    )
    .option(
      '--workflow-id <id>',
      'workflow id of the run (default: made of the batch, or of the directories, job type and configuration). With your own id, a second run over the same directory is not refused, and you pay for both',
      nonEmpty,
    )
    .addOption(
      new Option(
        '--on-conflict <policy>',
        'when a run with this workflow id is open: fail, use the open run, or terminate it: a batch that it has created goes on. Terminating a run over many directories cancels the runs of its directories',
      )
        .choices(Object.keys(CONFLICT_POLICIES))
        .default('fail'),
    )
    .option(
      '--wait',
      'wait for the end of the run, and exit with 1 if it failed or a directory did not complete; Ctrl-C ends the waiting, not the run',
    )
    .action(async (_flags: object, self: CliCommand) => {
      const flags = self.optsWithGlobals<StartFlags>();
      const input = toInput(flags);
      await withTemporal(context, flags, async (temporal) => {
        const run = await startRun(context, temporal, input, flags);
        if (flags.wait) context.exitCode = await waitForRun(context, temporal, run);
        else printStarted(context, run);
      });
    })
    .examples(
      'temporal-llamacloud start --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
      'temporal-llamacloud start --directory dir-... --job extract_v2 --configuration cfg-... --max-failed-percent 5',
      'temporal-llamacloud start --directory dir-... --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
      'temporal-llamacloud start --batch bat-... --only-missing --wait',
      'temporal-llamacloud start --batch bat-... --redrive --wait',
    );
}

/** @throws UsageError when the flags contradict each other or some are missing */
function toInput(flags: StartFlags): ProcessBatchInput | ProcessDirectoriesInput {
  if (!flags.redrive) return toDirectoriesInput(flags) ?? toBatchInput(flags);
  if (flags.batch === undefined || (flags.directory?.length ?? 0) > 1) {
    throw new UsageError('--redrive needs --batch', 'Give the batch whose failed jobs are made again.');
  }
  if (flags.retryFailed === 0) throw new UsageError('--redrive and --retry-failed 0 contradict each other');
  return toBatchInput({ ...flags, onlyMissing: true, retryFailed: flags.retryFailed ?? 1 });
}

async function startRun(
  context: CommandContext,
  { batches }: TemporalClients,
  input: ProcessBatchInput | ProcessDirectoriesInput,
  flags: StartFlags,
): Promise<AnyRun> {
  const options: StartBatchOptions = {
    workflowIdConflictPolicy: CONFLICT_POLICIES[flags.onConflict],
    ...(flags.workflowId === undefined ? {} : { workflowId: flags.workflowId }),
  };
  try {
    return await ('directoryIds' in input ? batches.startDirectories(input, options) : batches.start(input, options));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    const { batchWorkflowId, directoriesWorkflowId } = await import('../../client/index.js');
    const defaultId = 'directoryIds' in input ? directoriesWorkflowId(input) : batchWorkflowId(input);
    const workflowId = flags.workflowId ?? defaultId;
    throw new CliError(
      `${workflowId} is already running`,
      `Follow it: ${context.renderCommand('watch', workflowId)}. Or give --on-conflict use-existing.`,
      error,
    );
  }
}

function printStarted(context: CommandContext, { workflowId, runId }: AnyRun): void {
  context.info(`Workflow   ${workflowId}`);
  context.info(`Run        ${runId ?? ''}`);
  context.info(`Follow it: ${context.renderCommand('watch', workflowId)}`);
  context.json({ ok: true, workflowId, runId });
}
