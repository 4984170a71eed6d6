import type { BatchJob } from '../../../protocol/index.js';
import type { CliCommand } from '../../command.js';
import type { CommandContext } from '../../command-context.js';
import { CreateOutcomeUnknownError, InterruptedError } from '../../errors.js';
import { nonEmpty } from '../../options/parsers.js';
import { renderBatch } from './render-batches.js';
import { type LlamaCloudFlags, type Scope, toScopeArgs, withLlamaCloud } from './with-llamacloud.js';

interface CreateFlags extends LlamaCloudFlags {
  readonly config: string;
  readonly sourceDirectoryId: string;
}

const DESCRIPTION = `Create a batch over a directory: POST /api/v2/batches. LlamaCloud starts to process its files, and you pay for it, each time. It takes at most 1,000 files.

The request is sent once: LlamaCloud has no idempotency key, so a request that is sent again may create a second batch. If the response is lost, look for the batch with batches list before you create again. A run does that by itself: temporal-llamacloud start.

Nothing waits for the batch. To collect its documents: temporal-llamacloud start --batch bat-...`;

export function addBatchesCreate(group: CliCommand, context: CommandContext): void {
  group
    .command('create')
    .summary('create a batch over a directory')
    .description(DESCRIPTION)
    .requiredOption(
      '--config <config>',
      "configuration of the batch, in JSON or YAML: '{job: {configuration_id: cfg-..., type: parse_v2}}'",
    )
    .requiredOption('--source-directory-id <id>', 'directory whose files are processed (dir-...)', nonEmpty)
    .action(async (_flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<CreateFlags>();
      // Loaded here: the other commands need no parser.
      const { parseConfig } = await import('./parse-config.js');
      const job = parseConfig(flags.config);
      await create(context, flags, job);
    })
    .examples(
      "temporal-llamacloud batches create --source-directory-id dir-... --config '{job: {configuration_id: cfg-PARSE_AGENTIC, type: parse_v2}}'",
    );
}

async function create(context: CommandContext, flags: CreateFlags, job: BatchJob): Promise<void> {
  const { sourceDirectoryId } = flags;
  const { isKnownNotCreated } = await import('../../../llamacloud/index.js');
  await withLlamaCloud(context, flags, async (llamacloud, scope) => {
    // A person who interrupts the request has to learn that it may have created a batch.
    context.signals.listen();
    const { abortSignal: signal } = context.signals;
    const batch = await llamacloud.createBatch({ ...scope, sourceDirectoryId, job, signal }).catch((error: unknown) => {
      if (isKnownNotCreated(error)) throw error;
      const unknown = toUnknownOutcome(context, error, sourceDirectoryId, scope);
      if (!(error instanceof InterruptedError)) throw unknown;
      context.warn(`${unknown.message}\n${unknown.hint}`);
      throw error;
    });
    context.response(batch, [
      ...renderBatch(batch),
      '',
      `To collect its documents: ${context.renderCommand('start', '--batch', batch.id)}`,
    ]);
  });
}

function toUnknownOutcome(
  context: CommandContext,
  error: unknown,
  directoryId: string,
  scope: Scope,
): CreateOutcomeUnknownError {
  const reason = error instanceof Error ? error.message : String(error);
  const list = ['batches', 'list', '--source-directory-id', directoryId, ...toScopeArgs(scope)];
  return new CreateOutcomeUnknownError(
    `${reason}. A batch over directory ${directoryId} may have been created, and you pay for it`,
    `Look for it before you create again: ${context.renderCommand(...list)}. The list may show it a minute late.`,
    error,
  );
}
