import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientPlugin } from '@temporalio/client';
import type {
  BundleOptions,
  BundlerPlugin,
  NativeConnectionPlugin,
  WorkerOptions,
  WorkerPlugin,
} from '@temporalio/worker';
import type { ServiceHandler } from 'nexus-rpc';
import { type AccountGateOptions, createActivities, recordRequest } from './activities/index.js';
import { createLogIdsInterceptor } from './activities/support/log-ids.js';
import { llamaCloudConfigFromEnv } from './config/config.js';
import { WORKER_OPTIONS } from './config/worker-options.js';
import { LlamaCloudClient } from './llamacloud/index.js';
import type { LlamaCloudNexusOptions } from './nexus/options.js';
import { type OutputStore, openOutputStore } from './outputs/index.js';

const PLUGIN_NAME = 'temporal-llamacloud';

/** Options of a {@link LlamaCloudPlugin}. What is left out is read from the environment when a worker is created. */
export interface LlamaCloudPluginOptions {
  /** LlamaCloud API key, `llx-...`. Default: `LLAMA_CLOUD_API_KEY`. */
  apiKey?: string;
  /** Scheme and host of the API. Default: `LLAMA_CLOUD_BASE_URL`, or `https://api.cloud.llamaindex.ai`. */
  baseUrl?: string;
  /** Where documents are written to: a folder, `s3://bucket/prefix`, or an output store. Default: `LLAMACLOUD_OUTPUT`, or `./out`. */
  output?: string | OutputStore;
  /**
   * Activities started per second by all workers of the task queue together; most send one request to LlamaCloud. Default:
   * `LLAMACLOUD_REQUESTS_PER_SECOND`, or no limit.
   */
  requestsPerSecond?: number;
  /**
   * Where LlamaCloud sends the webhooks of the batches that this worker creates, so that a run does not wait for its next poll: the public
   * URL of a `WebhookReceiver` or of `temporal-llamacloud webhooks`, and the secret that LlamaCloud signs them with. Default:
   * `LLAMACLOUD_WEBHOOK_URL` and `LLAMACLOUD_WEBHOOK_SECRET`, or no webhooks.
   */
  webhook?: { url: string; secret: string };
  /** When the requests of this worker pause because LlamaCloud refuses all of the account, and how often one of them tests it. */
  accountGate?: AccountGateOptions;
  /** Serve the Nexus service `llamacloud` on the task queue of the worker. Needs `@temporalio/nexus` and `nexus-rpc`. Default false. */
  nexus?: boolean | LlamaCloudNexusOptions;
}

/**
 * Adds what runs of this package need to your worker: the activities, the options of {@link WORKER_OPTIONS} that you do not set, the
 * task queue's rate limit, and the ids of batches and files in what the activities log. The configuration and the output store are checked before the worker is created.
 *
 * Give it to the worker, or to the `NativeConnection` of the worker. A client accepts it too, and needs nothing of it.
 *
 * A plugin can't bring workflows in TypeScript. Export them from your workflow module, with
 * `export * from 'temporal-llamacloud/workflows'`: otherwise the bundle of your workflows fails, and says so.
 *
 * @example
 * ```ts
 * const worker = await Worker.create({
 *   plugins: [new LlamaCloudPlugin({ output: './out' })],
 *   taskQueue: 'llamacloud',
 *   workflowsPath,
 * });
 * ```
 */
export class LlamaCloudPlugin implements ClientPlugin, NativeConnectionPlugin, WorkerPlugin, BundlerPlugin {
  readonly name = PLUGIN_NAME;
  readonly #options: LlamaCloudPluginOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #activities = new WeakSet<object>();

  /** @param env The environment. Default: that of the process. */
  constructor(options: LlamaCloudPluginOptions = {}, env: NodeJS.ProcessEnv = process.env) {
    this.#options = options;
    this.#env = env;
  }

  /**
   * Called by `Worker.create`.
   *
   * @throws ConfigError with all problems, each with the name of its variable. OutputError if the output store can't be written to: a batch
   * would be paid for, and its documents lost. Error if the worker has an activity with the name of one of these.
   */
  async configureWorker(options: WorkerOptions): Promise<WorkerOptions> {
    // A plugin of the worker and of its connection is called twice.
    if (Object.values(options.activities ?? {}).some((activity) => this.#activities.has(activity))) return options;
    const config = llamaCloudConfigFromEnv(toEnvironment(this.#options, this.#env));
    const { llamacloud, output, requestsPerSecond, webhook } = config;
    const outputs = typeof this.#options.output === 'object' ? this.#options.output : await openOutputStore(output);
    await outputs.check();
    const limit = requestsPerSecond === undefined ? {} : { requestsPerSecond };
    const activities = createActivities({
      llamacloud: new LlamaCloudClient({ ...llamacloud, onRequest: recordRequest }),
      outputs,
      ...limit,
      ...(webhook === undefined ? {} : { webhook }),
      ...(this.#options.accountGate === undefined ? {} : { accountGate: this.#options.accountGate }),
    });
    assertNoCommonNames(options.activities ?? {}, activities);
    for (const activity of Object.values(activities)) this.#activities.add(activity);
    const { nexus = false } = this.#options;
    return {
      ...WORKER_OPTIONS,
      ...(requestsPerSecond === undefined ? {} : { maxTaskQueueActivitiesPerSecond: requestsPerSecond }),
      ...options,
      ...(nexus === false
        ? {}
        : { nexusServices: [...(options.nexusServices ?? []), await createNexusService(nexus === true ? {} : nexus)] }),
      interceptors: {
        ...options.interceptors,
        activity: [...(options.interceptors?.activity ?? []), createLogIdsInterceptor(activities)],
      },
      activities: { ...options.activities, ...activities },
    };
  }

  /** Also called for `bundleWorkflowCode({ plugins })`. The bundle fails if it lacks the workflows of this package. */
  configureBundler(options: BundleOptions): BundleOptions {
    return {
      ...options,
      webpackConfigHook: (config) => {
        const own = options.webpackConfigHook?.(config) ?? config;
        return { ...own, plugins: [...(own.plugins ?? []), requireWorkflows] };
      },
    };
  }
}

/** An activity that replaced another one would be called by the workflows of both. */
function assertNoCommonNames(own: object, activities: object): void {
  const common = Object.keys(activities).filter((name) => name in own);
  if (common.length === 0) return;
  const names = common.join(', ');
  throw new Error(
    `This worker and temporal-llamacloud both have activities of these names: ${names}. Rename yours, or give temporal-llamacloud a worker with a task queue of its own.`,
  );
}

/** Its peers are optional: most workers serve no Nexus service. */
async function createNexusService(options: LlamaCloudNexusOptions): Promise<ServiceHandler> {
  try {
    const { createLlamaCloudNexusService } = await import('./nexus/handlers.js');
    return createLlamaCloudNexusService(options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const message =
      'The Nexus service needs @temporalio/nexus and nexus-rpc. Run: npm install @temporalio/nexus nexus-rpc';
    throw new Error(message, { cause: error });
  }
}

/** The environment, with the options in place of their variables. */
function toEnvironment(
  { apiKey, baseUrl, output, requestsPerSecond, webhook }: LlamaCloudPluginOptions,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(apiKey === undefined ? {} : { LLAMA_CLOUD_API_KEY: apiKey }),
    ...(baseUrl === undefined ? {} : { LLAMA_CLOUD_BASE_URL: baseUrl }),
    ...(typeof output === 'string' ? { LLAMACLOUD_OUTPUT: output } : {}),
    // An output store of the application's own needs no location.
    ...(typeof output === 'object' ? { LLAMACLOUD_OUTPUT: undefined } : {}),
    ...(requestsPerSecond === undefined ? {} : { LLAMACLOUD_REQUESTS_PER_SECOND: String(requestsPerSecond) }),
    ...(webhook === undefined
      ? {}
      : { LLAMACLOUD_WEBHOOK_URL: webhook.url, LLAMACLOUD_WEBHOOK_SECRET: webhook.secret }),
  };
}

/** What a plugin of webpack gets. */
type Compiler = Parameters<Extract<WebpackPlugin, (compiler: never) => void>>[0];
type WebpackPlugin = NonNullable<
  NonNullable<ReturnType<NonNullable<BundleOptions['webpackConfigHook']>>['plugins']>[number]
>;

function requireWorkflows(compiler: Compiler): void {
  // Webpack resolves links in paths. The extension depends on whether this runs from the sources.
  const ours = join(realpathSync(fileURLToPath(new URL('./workflows', import.meta.url))), 'index.');
  compiler.hooks.compilation.tap(PLUGIN_NAME, (compilation) => {
    compilation.hooks.finishModules.tap(PLUGIN_NAME, (modules) => {
      for (const module of modules) {
        // The bundler says why. What this module would have imported is not known.
        if (module.getNumberOfErrors() > 0) return;
        if ('resource' in module && String(module.resource).startsWith(ours)) return;
      }
      // The bundler rejects with it.
      throw new Error(
        "The workflow module of this worker does not export the workflows of temporal-llamacloud. Add to it: export * from 'temporal-llamacloud/workflows';",
      );
    });
  });
}
