import { readFileSync } from 'node:fs';
import { CliCommand } from './command.js';
import { addCancel } from './commands/cancel.js';
import { addDev } from './commands/dev.js';
import { addEmulator } from './commands/emulator.js';
import { addProgress } from './commands/progress.js';
import { addSchedule } from './commands/schedule.js';
import { addSetup } from './commands/setup.js';
import { addStart } from './commands/start.js';
import { addWorker } from './commands/worker.js';
import type { Session } from './session.js';
import type { Shell } from './shell.js';
import { nonEmpty } from './values.js';

const CONNECTION = `
Environment:
  TEMPORAL_*                where Temporal is, where no flag says it: TEMPORAL_ADDRESS,
                            TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, TEMPORAL_PROFILE
  LLAMACLOUD_TASK_QUEUE     task queue
  LLAMA_CLOUD_API_KEY, LLAMA_CLOUD_BASE_URL, LLAMACLOUD_OUTPUT, LLAMACLOUD_REQUESTS_PER_SECOND
                            for the worker

Exit codes: 0 fine, 1 the run failed, 2 wrong usage.`;

export function createProgram(session: Session): { program: CliCommand; outcome: Shell['outcome'] } {
  const program = new CliCommand('temporal-llamacloud')
    .description('LlamaCloud batches as durable Temporal workflows.')
    .version(ownVersion(), '--version', 'print the version')
    .option('--address <host:port>', 'where Temporal is (default: TEMPORAL_ADDRESS, or localhost:7233)', nonEmpty)
    .option('--namespace <name>', 'Temporal namespace (default: TEMPORAL_NAMESPACE, or default)', nonEmpty)
    .option('--task-queue <name>', 'task queue (default: LLAMACLOUD_TASK_QUEUE, or llamacloud)', nonEmpty)
    .option('--json', 'print one JSON document on stdout, everything else on stderr')
    .option('--debug', 'print stack traces with errors')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .exitOverride()
    .examples(
      'temporal-llamacloud dev ./documents --output ./out',
      'temporal-llamacloud start --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC --wait',
    )
    .addHelpText('after', CONNECTION);
  const shell: Shell = { session, outcome: { exitCode: 0 } };
  for (const add of [addDev, addWorker, addEmulator, addSetup, addStart, addProgress, addCancel, addSchedule]) {
    add(program, shell);
  }
  return { program, outcome: shell.outcome };
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
