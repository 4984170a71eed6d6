import type { CliCommand } from '../../command.js';
import type { CommandContext } from '../../command-context.js';
import { nonEmpty } from '../../options/parsers.js';
import { addBatchesCancel } from './cancel.js';
import { addBatchesCreate } from './create.js';
import { addBatchesGet } from './get.js';
import { addBatchesList } from './list.js';

const DESCRIPTION = `Create, list, get and cancel LlamaCloud batches: each command sends requests of LlamaCloud's batch API, without Temporal, and retries none.

This is the raw API: nothing waits for a batch, stores its documents or notices its failures. The durable way is a run: temporal-llamacloud start.

In a terminal, the commands print tables. Otherwise, or with --json, they print LlamaCloud's response, as one JSON document.`;

const ENVIRONMENT = `
Environment:
  LLAMA_CLOUD_API_KEY    API key of LlamaCloud, llx-... --api-key overrides it
  LLAMA_CLOUD_BASE_URL   Default: https://api.cloud.llamaindex.ai`;

export function addBatches(program: CliCommand, context: CommandContext): void {
  const group = program
    .command('batches')
    .summary("create, list, get and cancel batches with LlamaCloud's API, without Temporal")
    .description(DESCRIPTION)
    .option(
      '--api-key <key>',
      'API key of LlamaCloud (default: LLAMA_CLOUD_API_KEY). Other users of this machine can see it among its processes: prefer the variable',
      (value: string) => {
        context.addSecret(value.trim());
        return nonEmpty(value);
      },
    )
    .option('--project-id <id>', 'LlamaCloud project (default: the project of the API key)', nonEmpty)
    .option('--organization-id <id>', 'LlamaCloud organization (default: the organization of the API key)', nonEmpty)
    .addHelpText('after', ENVIRONMENT);
  for (const add of [addBatchesCreate, addBatchesList, addBatchesGet, addBatchesCancel]) add(group, context);
}
