import { Option } from 'commander';
import type { StartBatchOptions } from '../../client/index.js';
import type { ProcessBatchInput, ProcessDirectoriesInput } from '../../protocol/index.js';
import type { AnyRun } from '../any-run.js';
import { addBatchOptions, batchInputOf } from '../batch-options.js';
import type { CliCommand } from '../command.js';
import { addDirectoriesOptions, type DirectoriesFlags, directoriesInputOf } from '../directories-options.js';
import { CliError } from '../errors.js';
import type { Session } from '../session.js';
import type { Shell } from '../shell.js';
import { type TemporalAccess, type TemporalFlags, withTemporal } from '../temporal.js';
import { quoted } from '../text.js';
import { nonEmpty } from '../values.js';
import { waitForEnd } from '../wait.js';

const CONFLICTS = {
  fail: 'FAIL',
  'use-existing': 'USE_EXISTING',
  'terminate-existing': 'TERMINATE_EXISTING',
} as const;

interface StartFlags extends DirectoriesFlags, TemporalFlags {
  readonly workflowId?: string;
  readonly onConflict: keyof typeof CONFLICTS;
  readonly wait?: boolean;
}

const DESCRIPTION = `Start a batch run: every file of a LlamaCloud directory is parsed or extracted, and its document stored. With more than one --directory, a batch for each, with one report.

Prints the workflow id and the run id; with --wait, how far it is and the report. Unless --workflow-id says otherwise the id is that of the work, so the same work is not running twice at once.`;

export function addStart(program: CliCommand, { session, outcome }: Shell): void {
  const command = addBatchOptions(program.command('start').summary('start a batch run').description(DESCRIPTION));
  addDirectoriesOptions(command)
    .option('--workflow-id <id>', 'default: made of directory, job and configuration', nonEmpty)
    .addOption(
      new Option('--on-conflict <policy>', 'when a run of this workflow id is under way')
        .choices(Object.keys(CONFLICTS))
        .default('fail'),
    )
    .option(
      '--wait',
      'wait for the end; exit 1 when the run fails or a directory did not complete. Ctrl-C ends the waiting, not the run',
    )
    .action(async (_flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<StartFlags>();
      const input = directoriesInputOf(flags) ?? batchInputOf(flags);
      await withTemporal(session, flags, async (temporal) => {
        const run = await start(temporal, input, flags);
        outcome.exitCode = await (flags.wait ? waitForEnd(session, temporal, run) : tellStarted(session, run));
      });
    })
    .examples(
      'temporal-llamacloud start --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
      'temporal-llamacloud start --directory dir-... --job extract_v2 --configuration cfg-... --max-failed-percent 5',
      'temporal-llamacloud start --directory dir-1 --directory dir-2 --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
    );
}

async function start(
  { batches }: TemporalAccess,
  input: ProcessBatchInput | ProcessDirectoriesInput,
  flags: StartFlags,
): Promise<AnyRun> {
  const options: StartBatchOptions = {
    workflowIdConflictPolicy: CONFLICTS[flags.onConflict],
    ...(flags.workflowId === undefined ? {} : { workflowId: flags.workflowId }),
  };
  try {
    return await ('directoryIds' in input ? batches.startDirectories(input, options) : batches.start(input, options));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    const { batchWorkflowId, directoriesWorkflowId } = await import('../../client/index.js');
    const ofWork = 'directoryIds' in input ? directoriesWorkflowId(input) : batchWorkflowId(input);
    const workflowId = flags.workflowId ?? ofWork;
    throw new CliError(
      `${workflowId} is running already`,
      `Follow it: temporal-llamacloud progress ${quoted(workflowId)} --watch. Or give --on-conflict use-existing.`,
      error,
    );
  }
}

function tellStarted(session: Session, { workflowId, runId }: AnyRun): number {
  session.say(`Workflow   ${workflowId}`);
  session.say(`Run        ${runId ?? ''}`);
  session.say(`Follow it: temporal-llamacloud progress ${quoted(workflowId)} --watch`);
  session.answer({ ok: true, workflowId, runId });
  return 0;
}
