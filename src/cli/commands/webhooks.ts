import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { MAX_PORT, toListenError } from '../listen-error.js';
import { integer, nonEmpty } from '../options/parsers.js';
import { applyTemporalFlags, setTemporalTarget, type TemporalFlags } from '../temporal.js';
import { toCliError } from '../to-cli-error.js';

interface WebhookFlags extends TemporalFlags {
  readonly port: number;
  readonly host: string;
}

const CHECK_TIMEOUT_MS = 10_000;

/** Signals that Temporal has not taken by then are lost: their runs poll by themselves. */
const STOP_TIMEOUT_MS = 5_000;

const DESCRIPTION = `Receive the webhooks of LlamaCloud until Ctrl-C or SIGTERM, and wake the runs whose batches they are about: a run then polls its batch now, and not when its next poll is due.

When it is ready, it prints one line of JSON with its url. It takes a POST on any path, and checks its signature, its age, its size and that it is new. A run polls LlamaCloud whatever a webhook says. Without webhooks, or if they are lost, runs poll as usual.

Give LlamaCloud's servers a way to it, such as a reverse proxy with https, and set LLAMACLOUD_WEBHOOK_URL of the workers to that public URL. It works without a LlamaCloud key.`;

const ENVIRONMENT = `
Environment:
  LLAMACLOUD_WEBHOOK_SECRET       The secret of the workers, which LlamaCloud
                                  signs its webhooks with. Required. While you
                                  replace it: both, with a comma between them.
                                  Make one with: openssl rand -hex 32`;

export function addWebhooks(program: CliCommand, context: CommandContext): void {
  program
    .command('webhooks')
    .summary('receive webhooks of LlamaCloud, and wake their runs')
    .description(DESCRIPTION)
    .option('--port <port>', 'listen on this port; 0 takes a free one', integer(0, MAX_PORT), 0)
    .option('--host <address>', 'listen on this address; 0.0.0.0 for all', nonEmpty, '127.0.0.1')
    .action(async (_flags: object, command: CliCommand) => {
      await receiveWebhooks(context, command.optsWithGlobals<WebhookFlags>());
    })
    .addHelpText('after', ENVIRONMENT)
    .examples(
      'LLAMACLOUD_WEBHOOK_SECRET=... temporal-llamacloud webhooks --port 8080',
      'temporal-llamacloud webhooks --port 8080 --host 0.0.0.0 --address temporal.example.com:7233',
    );
}

async function receiveWebhooks(context: CommandContext, flags: WebhookFlags): Promise<void> {
  const { signals, io } = context;
  const { webhookReceiverConfigFromEnv } = await import('../../config/config.js');
  const { secrets, temporal } = webhookReceiverConfigFromEnv(applyTemporalFlags(flags, context.env));
  setTemporalTarget(context, temporal);
  signals.listen(() => context.warn('Stopping…'));
  const { Client, Connection } = await import('@temporalio/client');
  const { WebhookReceiver } = await import('../../webhooks/index.js');
  const { startWebhookServer } = await import('../../webhooks/server.js');
  const { DeliveryLog } = await import('../webhooks/delivery-log.js');
  // Lazy: forged deliveries are refused also where Temporal is away.
  const connection = Connection.lazy(temporal.connection);
  const { namespace } = temporal;
  const receiver = new WebhookReceiver({
    client: new Client({ connection, namespace }),
    secrets,
    onDelivery: (delivery) => log.add(delivery),
  });
  const log = new DeliveryLog(
    (line) => context.warn(line),
    () => receiver.counts,
  );
  try {
    const { host, port } = flags;
    const onError = (error: unknown) => context.warn(`error: ${toCliError(error, context.temporalTarget).message}`);
    const server = await startWebhookServer(receiver.handle, { host, port, onError }).catch((error: unknown) => {
      throw toListenError(error, port);
    });
    io.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
    const checking = connection
      .withDeadline(Date.now() + CHECK_TIMEOUT_MS, () => connection.workflowService.describeNamespace({ namespace }))
      .catch((error: unknown) => {
        if (signals.abortSignal.aborted) return;
        const { message, hint = '' } = toCliError(error, context.temporalTarget);
        context.warn(`warning: ${message}. Deliveries wake no run until this is right. ${hint}`);
      });
    await signals.waitForFirst();
    await server.close();
    const settled = Promise.all([receiver.idle(), checking]).then(() => true);
    const isSettled = await Promise.race([settled, timeout(STOP_TIMEOUT_MS)]);
    log.printCounts();
    if (receiver.pending > 0)
      context.warn(`Signals that Temporal has not taken: ${receiver.pending}. Their runs poll by themselves`);
    // A client that is closed while it waits to try again throws in a timer. The process ends with the command anyway.
    if (isSettled) await connection.close();
  } finally {
    log.close();
  }
}

async function timeout(ms: number): Promise<false> {
  return await new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
