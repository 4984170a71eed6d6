import { readFileSync } from 'node:fs';
import { CliCommand } from './command.js';
import type { CommandContext } from './command-context.js';
import { addAccount } from './commands/account.js';
import { addBatches } from './commands/batches/batches.js';
import { addCancel } from './commands/cancel.js';
import { addCosts } from './commands/costs.js';
import { addDev } from './commands/dev.js';
import { addEmulator } from './commands/emulator.js';
import { addHelp } from './commands/help.js';
import { addList } from './commands/list.js';
import { addPause, addResume, addSetMaxConcurrentJobs } from './commands/pause.js';
import { addProcess } from './commands/process.js';
import { addProgress } from './commands/progress.js';
import { addSchedule } from './commands/schedule.js';
import { addSetup } from './commands/setup.js';
import { addStart } from './commands/start.js';
import { addWatch } from './commands/watch.js';
import { addWebhooks } from './commands/webhooks.js';
import { addWorker } from './commands/worker.js';
import { nonEmpty } from './options/parsers.js';

const MORE_HELP = `
Ids:
  dir-...  A LlamaCloud directory: the files of one batch, 1,000 at most. Create
           one with POST /api/v1/beta/directories. List yours with GET on the
           same route.
  cfg-...  A configuration: how to process each file. For parse_v2, use a
           preset such as cfg-PARSE_AGENTIC, or a saved one. extract_v2 needs a saved
           one. Save it in the LlamaCloud UI or with
           POST /api/v1/beta/configurations.
  bat-...  A LlamaCloud batch. A run creates one over its directory. \`progress\`
           prints its id.

Environment:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*,
  TEMPORAL_PROFILE, LLAMACLOUD_TASK_QUEUE
           The Temporal server and the task queue. Options override them.
  LLAMA_CLOUD_API_KEY, LLAMA_CLOUD_BASE_URL, LLAMACLOUD_OUTPUT,
  LLAMACLOUD_REQUESTS_PER_SECOND
           For the worker. See temporal-llamacloud worker --help. The first two
           are for batches as well.
  LLAMACLOUD_WEBHOOK_URL, LLAMACLOUD_WEBHOOK_SECRET
           Webhooks. See temporal-llamacloud webhooks --help

Exit codes:
  0        Success.
  1        The command failed, or the run that it waited for failed or did not
           complete all directories.
  2        Wrong arguments or configuration. Nothing was started.
  3        Files are left, because they might have passed --max-credits.
  129, 130, 143
           Ended by SIGHUP, Ctrl-C or SIGTERM. worker, webhooks and emulator exit
           with 0.
  141      The program that reads the output, such as head, has ended. A run that
           was started goes on.`;

/** In the order of the help. */
const COMMANDS = [
  addDev,
  addWorker,
  addWebhooks,
  addEmulator,
  addSetup,
  addProcess,
  addCosts,
  addStart,
  addList,
  addProgress,
  addWatch,
  addPause,
  addResume,
  addSetMaxConcurrentJobs,
  addCancel,
  addAccount,
  addSchedule,
  addBatches,
];

export function createProgram(context: CommandContext): CliCommand {
  const program = new CliCommand('temporal-llamacloud')
    .description('Run LlamaCloud batches as durable Temporal workflows: parse or extract every file of a directory.')
    .version(readVersion(), '--version', 'print the version')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, or localhost:7233)', nonEmpty)
    .option('--namespace <name>', 'Temporal namespace (default: TEMPORAL_NAMESPACE, or default)', nonEmpty)
    .option(
      '--task-queue <name>',
      'task queue of the workers (default: LLAMACLOUD_TASK_QUEUE, or llamacloud)',
      nonEmpty,
    )
    .option('--json', 'print one JSON document to stdout (watch: one a line), and everything else to stderr')
    .option('--debug', 'print stack traces of errors')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      writeErr: (text) => context.io.stderr.write(text),
    })
    .examples(
      'temporal-llamacloud dev ./documents --output ./out',
      'temporal-llamacloud start --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
    )
    .addHelpText('after', MORE_HELP);
  for (const add of COMMANDS) add(program, context);
  addHelp(program);
  return program;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
