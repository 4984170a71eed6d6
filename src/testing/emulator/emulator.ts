import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddConfigurationOptions } from './configurations.js';
import { type BatchControls, createBatchControls, createJobControls, type JobControls } from './controls.js';
import type { AddDirectoryOptions, VirtualFile } from './directories.js';
import {
  createDirectoryControls,
  type DirectoryControls,
  directorySnapshot,
  type EmulatedDirectory,
} from './directory-controls.js';
import { ParseQueue } from './documents/parse-queue.js';
import { type FaultPlan, Faults } from './faults.js';
import { HttpError } from './http-error.js';
import type { EmulatorRequest } from './http-exchange.js';
import type { EmulatorBehaviour, EmulatorOptions } from './options.js';
import { PresignedFiles } from './presigned.js';
import { Project } from './project.js';
import { type RecordedRequest, RequestLog } from './request-log.js';
import { PRESIGNED_PREFIX } from './request-target.js';
import { type Rewrite, Rewrites, type RewriteTarget } from './rewrites.js';
import { batchBody, batchRoutes } from './routes/batches.js';
import { configurationRoutes } from './routes/configurations.js';
import { directoryRoutes } from './routes/directories.js';
import { extractRoutes, parseRoutes } from './routes/jobs.js';
import { Router } from './routes/router.js';
import { usageRoutes } from './routes/usage.js';
import { SeededRandom } from './seeded-random.js';
import { EmulatorServer } from './server.js';
import { checkSettings, resolveOptions } from './settings.js';
import { Uploads } from './uploads.js';
import { WebhookNotifier } from './webhooks.js';

/** An emulator of the LlamaCloud API, which listens on this machine. */
export interface LlamaCloudEmulator {
  /** Base URL, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The key that requests must carry now as `Authorization: Bearer ...`. */
  readonly apiKey: string;
  /**
   * Adds a directory: a folder of this machine with its subfolders, or files in memory. Dot-files are left out.
   * The files are listed now, and read when a batch processes them.
   */
  addDirectory(source: string | readonly VirtualFile[], options?: AddDirectoryOptions): Promise<EmulatedDirectory>;
  /**
   * Adds a saved configuration (`cfg-...`), or a new version of it. Without a `productType`, batches and jobs of both types can
   * use it.
   */
  addConfiguration(id: string, options?: AddConfigurationOptions): void;
  /** Every request so far, in the order of arrival. `GET /__emulator/requests` lists method, path and status of each. */
  readonly requests: readonly RecordedRequest[];
  readonly faults: FaultPlan;
  readonly batches: BatchControls;
  readonly jobs: JobControls;
  readonly directories: DirectoryControls;
  /**
   * Changes the JSON body of the 2xx responses that match: the function gets the body and returns the one that is sent.
   * Returns a function that removes the rewrite.
   */
  rewrite(target: RewriteTarget, rewrite: Rewrite): () => void;
  /**
   * Changes options while the emulator runs. Times that are already fixed, such as when the files of an existing batch are
   * mapped, stay.
   *
   * @throws RangeError when a value is out of range.
   */
  configure(changes: EmulatorBehaviour): void;
  /** Closes the connections, stops the timers and parser processes, and removes the temporary files. */
  close(): Promise<void>;
}

/**
 * Starts an emulator of the LlamaCloud API: batches, parse and extract jobs, and directories, as the vendor's SDK expects
 * them. `parse_v2` parses the documents; `extract_v2` returns a small fixed record.
 *
 * @throws RangeError when an option is out of range; the system's error when the port is taken.
 */
export async function startLlamaCloudEmulator(options: EmulatorOptions = {}): Promise<LlamaCloudEmulator> {
  const settings = resolveOptions(options);
  const random = new SeededRandom(settings.seed);
  const faults = new Faults(settings, random);
  const rewrites = new Rewrites();
  const log = new RequestLog();
  const parseQueue = new ParseQueue((job) => job.cancelledAtMs === null && job.batch?.cancel?.stopsJobs !== true);
  const project = new Project(settings, random, parseQueue);
  const webhooks = new WebhookNotifier(settings, random, (batch) => batchBody(batch, project, false));
  const presigned = new PresignedFiles(project, () => server.url);
  const router = new Router([
    ...batchRoutes(project, webhooks),
    ...parseRoutes(project, presigned),
    ...extractRoutes(project, presigned),
    ...directoryRoutes(project, presigned),
    ...configurationRoutes(project),
    ...usageRoutes(project),
  ]);
  const handle = async (request: EmulatorRequest) => {
    if (request.path.startsWith(PRESIGNED_PREFIX))
      return await rewrites.apply(request, await presigned.handle(request));
    checkKey(request, settings.apiKey);
    return await rewrites.apply(request, await router.handle(request));
  };
  const uploads = new Uploads(settings);
  const server = new EmulatorServer(handle, faults, log, uploads);
  await server.listen(settings.host, settings.port);

  return {
    url: server.url,
    get apiKey() {
      return settings.apiKey;
    },
    requests: log.requests,
    faults,
    batches: createBatchControls(project, (batch) => webhooks.onBatchChange(batch)),
    jobs: createJobControls(project, presigned),
    directories: createDirectoryControls(project),
    addDirectory: async (source, directoryOptions = {}) => {
      const directory = await project.directories.add(source, directoryOptions, project.defaultProjectId);
      return directorySnapshot(directory);
    },
    addConfiguration: (id, configurationOptions) => project.configurations.add(id, configurationOptions),
    rewrite: (target, rewrite) => rewrites.add(target, rewrite),
    configure: (changes) => {
      checkSettings({ ...settings, ...changes });
      Object.assign(settings, changes);
    },
    close: async () => {
      webhooks.close();
      await server.close();
      await parseQueue.close();
      await uploads.close();
    },
  };
}

function checkKey({ headers }: EmulatorRequest, apiKey: string): void {
  const sentKey = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(sentKey), digest(apiKey))) throw new HttpError(401, 'Invalid API Key');
}
