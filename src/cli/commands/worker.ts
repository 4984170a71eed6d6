import { Option } from 'commander';
import type { WorkerSettings } from '../../config/worker-settings.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { applyTemporalFlags, setTemporalTarget, type TemporalFlags } from '../temporal.js';

/** The SDK's names of the levels. */
const LOG_LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** The SDK warns of a network error when the namespace does not exist. The error of the worker says what is wrong. */
const NAMESPACE_WARNING = 'Network error while describing namespace';

interface WorkerFlags extends TemporalFlags {
  readonly logLevel?: keyof typeof LOG_LEVELS;
}

const DESCRIPTION = `Run a worker: it executes the workflows and activities of runs until Ctrl-C or SIGTERM. Open activities then get 20 seconds to finish (LLAMACLOUD_SHUTDOWN_GRACE_TIME). A second Ctrl-C ends it immediately.`;

const ENVIRONMENT = `
Environment:
  LLAMA_CLOUD_API_KEY             API key of LlamaCloud, llx-... Required.
  LLAMA_CLOUD_BASE_URL            Default: https://api.cloud.llamaindex.ai
  LLAMACLOUD_OUTPUT               Folder for the documents, or s3://bucket/prefix,
                                  the same for all workers of a task queue.
                                  Default: ./out
  AWS_*                           Credentials, region and endpoint for s3://
  LLAMACLOUD_REQUESTS_PER_SECOND  Activities that all workers of the task queue
                                  together start in a second. Most send one
                                  request to LlamaCloud. Default: no limit
  LLAMACLOUD_WEBHOOK_URL          Public URL of temporal-llamacloud webhooks:
                                  LlamaCloud sends it the webhooks of new
                                  batches. Default: no webhooks
  LLAMACLOUD_WEBHOOK_SECRET       What LlamaCloud signs them with. Required with
                                  the URL. Of two, with a comma between them,
                                  the first

Environment of a deployment (docs/production.md has the details):
  LLAMACLOUD_HEALTH_ADDRESS       Serve /healthz and /readyz on this IP address
                                  and port, such as 0.0.0.0:8080. Default: no
  LLAMACLOUD_METRICS_ADDRESS      Serve metrics for Prometheus, on /metrics, such
                                  as 0.0.0.0:9464. Default: no
  OTEL_EXPORTER_OTLP_ENDPOINT     Send metrics by OTLP, such as
                                  http://localhost:4317. Default: no
  LLAMACLOUD_LOG_LEVEL            debug, info, warn or error. Default: warn
  LLAMACLOUD_LOG_FORMAT           text, or json for one JSON document a line.
                                  Default: text
  LLAMACLOUD_SHUTDOWN_GRACE_TIME  Time that open activities get when the worker is
                                  stopped. Default: 20 seconds
  LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES,
  LLAMACLOUD_MAX_CONCURRENT_LOCAL_ACTIVITIES,
  LLAMACLOUD_MAX_CONCURRENT_WORKFLOW_TASKS
                                  Slots. Default: 100, 100, 40
  LLAMACLOUD_TARGET_MEMORY_USAGE, LLAMACLOUD_TARGET_CPU_USAGE
                                  In place of slots: take work up to these shares
                                  of memory and CPU, such as 0.8. Default: slots
  LLAMACLOUD_ACTIVITY_POLLERS, LLAMACLOUD_WORKFLOW_POLLERS
                                  Open polls, or auto. Default: 10, 20
  LLAMACLOUD_MAX_CACHED_WORKFLOWS Default: by the memory of the process
  TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_WORKER_BUILD_ID
                                  Version of the worker. Default: not versioned
  LLAMACLOUD_VERSIONING_BEHAVIOR  auto-upgrade or pinned. Default: auto-upgrade`;

export function addWorker(program: CliCommand, context: CommandContext): void {
  program
    .command('worker')
    .summary('run a worker until Ctrl-C or SIGTERM')
    .description(DESCRIPTION)
    .addOption(
      new Option(
        '--log-level <level>',
        'log entries of this level and above to stderr (default: LLAMACLOUD_LOG_LEVEL, or warn)',
      ).choices(Object.keys(LOG_LEVELS)),
    )
    .action(async (_flags: object, command: CliCommand) => {
      await runWorker(context, command.optsWithGlobals<WorkerFlags>());
    })
    .addHelpText('after', ENVIRONMENT)
    .examples(
      'LLAMA_CLOUD_API_KEY=llx-... temporal-llamacloud worker',
      'temporal-llamacloud worker --address temporal.example.com:7233 --namespace documents --task-queue parsing',
      'LLAMACLOUD_HEALTH_ADDRESS=0.0.0.0:8080 LLAMACLOUD_METRICS_ADDRESS=0.0.0.0:9464 temporal-llamacloud worker',
    );
}

async function runWorker(context: CommandContext, flags: WorkerFlags): Promise<void> {
  const { signals } = context;
  const { config, settings } = await readConfig(applyTemporalFlags(flags, context.env));
  const address = setTemporalTarget(context, config.temporal);
  const { renderJson, renderText } = await import('../worker/log-entry.js');
  const isJsonLog = settings.logFormat === 'json';
  /** Says something on stderr, in the format of the log. */
  const say = (level: 'INFO' | 'WARN', message: string) => {
    if (isJsonLog) context.warn(renderJson({ level, message, meta: {} }));
    else if (level === 'WARN') context.warn(message);
    else context.info(message);
  };
  signals.listen(() => say('WARN', 'Stopping…'));
  const { installRuntime } = await import('../temporal-runtime.js');
  const { startWorker } = await import('../../worker.js');
  const { startHealth } = await import('../worker/health.js');
  installRuntime(LOG_LEVELS[flags.logLevel ?? settings.logLevel], {
    isLogged: (message) => !message.startsWith(NAMESPACE_WARNING),
    render: isJsonLog ? renderJson : renderText,
    ...(settings.metrics === undefined ? {} : { metrics: settings.metrics }),
  });
  const health = await startHealth(settings.health);
  try {
    const starting = startWorker(config, settings.options);
    const worker = await signals.race(starting).catch(async (error: unknown) => {
      if (!signals.abortSignal.aborted) throw error;
      // A signal came before the worker had started.
      const started = await starting;
      await started.stop();
      return undefined;
    });
    if (worker === undefined) return;
    health.setWorker(worker);
    const { namespace, taskQueue } = config.temporal;
    say(
      'INFO',
      `Polling task queue ${taskQueue} in namespace ${namespace} at ${address}. Documents go to ${config.output}`,
    );
    if (health.url !== undefined) say('INFO', `Health: ${health.url}/healthz and ${health.url}/readyz`);
    const healthUrl = health.url === undefined ? {} : { health: health.url };
    context.json({ polling: true, address, namespace, taskQueue, output: config.output, ...healthUrl });
    await Promise.race([signals.waitForFirst(), worker.stopped]);
    await worker.stop();
  } finally {
    await health.close();
  }
}

/** @throws ConfigError with the problems of both. */
async function readConfig(env: NodeJS.ProcessEnv) {
  const { ConfigError, workerConfigFromEnv } = await import('../../config/config.js');
  const { readOrRecordProblems } = await import('../../config/environment.js');
  const { workerSettingsFromEnv } = await import('../../config/worker-settings.js');
  const problems: string[] = [];
  const config = readOrRecordProblems(problems, () => workerConfigFromEnv(env));
  const settings = readOrRecordProblems(problems, (): WorkerSettings => workerSettingsFromEnv(env));
  if (config === undefined || settings === undefined) throw new ConfigError(problems);
  return { config, settings };
}
