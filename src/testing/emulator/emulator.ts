import { createHash, timingSafeEqual } from 'node:crypto';
import { type BatchControls, createBatchControls, createJobControls, type JobControls } from './controls.js';
import { type AddDirectoryOptions, makeDirectory, type VirtualFile } from './directories.js';
import { ParseQueue } from './documents/parse-queue.js';
import { type FaultPlan, Faults } from './faults.js';
import { HttpError } from './http-error.js';
import type { EmulatorRequest } from './http-exchange.js';
import { checkSettings, type EmulatorBehaviour, type EmulatorOptions, resolveOptions } from './options.js';
import { PresignedFiles } from './presigned.js';
import { Project } from './project.js';
import { type RecordedRequest, RequestLog } from './request-log.js';
import { PRESIGNED_PREFIX } from './request-target.js';
import { type Rewrite, Rewrites, type RewriteTarget } from './rewrites.js';
import { batchBody, batchRoutes } from './routes/batches.js';
import { directoryRoutes } from './routes/directories.js';
import { extractRoutes, parseRoutes } from './routes/jobs.js';
import { Router } from './routes/router.js';
import { SeededRandom } from './seeded-random.js';
import { EmulatorServer } from './server.js';
import { WebhookNotifier } from './webhooks.js';

/** A directory that batches can be created over. */
export interface EmulatedDirectory {
  /** `dir-...` */
  readonly id: string;
  readonly name: string;
  /** Sorted by name, which is the path inside the directory. Ids are `dfl-...`. */
  readonly files: readonly { readonly id: string; readonly name: string }[];
}

/** A LlamaCloud stand-in on this machine. */
export interface LlamaCloudEmulator {
  /** Base URL, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The key that requests must carry as `Authorization: Bearer ...`. */
  readonly apiKey: string;
  /**
   * Adds a folder, with its sub-folders but without dot-files, or files that exist in memory only.
   * The files are listed now; what is in them is read when a batch runs over them.
   */
  addDirectory(source: string | readonly VirtualFile[], options?: AddDirectoryOptions): Promise<EmulatedDirectory>;
  /** Adds a saved configuration (`cfg-...`), which batches of both job types can use. */
  addConfiguration(id: string): void;
  /** Every request so far, in the order of arrival. `GET /__emulator/requests` answers the same in short. */
  readonly requests: readonly RecordedRequest[];
  readonly faults: FaultPlan;
  readonly batches: BatchControls;
  readonly jobs: JobControls;
  /**
   * Changes the JSON of the 2xx answers that match: what the function gives is answered. Gives a function that takes the
   * change away again.
   */
  rewrite(target: RewriteTarget, rewrite: Rewrite): () => void;
  /** Changes options from now on. What has a time already, such as the mapping of a batch's files, keeps it. */
  configure(changes: EmulatorBehaviour): void;
  /** Ends the connections, timers and parser processes, and removes the temporary files. */
  close(): Promise<void>;
}

/**
 * Starts a LlamaCloud stand-in that the vendor's own SDK can't tell from the service, as far as batches, parse and
 * extract jobs and directories go. `parse_v2` really parses; `extract_v2` answers a small fixed record.
 *
 * @throws RangeError when an option makes no sense; the system's error when the port is taken.
 */
export async function startLlamaCloudEmulator(options: EmulatorOptions = {}): Promise<LlamaCloudEmulator> {
  const settings = resolveOptions(options);
  const random = new SeededRandom(settings.seed);
  const faults = new Faults(settings, random);
  const rewrites = new Rewrites();
  const log = new RequestLog();
  const parseQueue = new ParseQueue((job) => job.cancelledAtMs === null && job.batch.cancel?.stopsJobs !== true);
  const project = new Project(settings, random, parseQueue);
  const webhooks = new WebhookNotifier(settings, (batch) => batchBody(batch, project, false));
  const presigned = new PresignedFiles(project, () => server.url);
  const router = new Router([
    ...batchRoutes(project, webhooks),
    ...parseRoutes(project, presigned),
    ...extractRoutes(project, presigned),
    ...directoryRoutes(project),
  ]);
  const answer = async (request: EmulatorRequest) => {
    if (request.path.startsWith(PRESIGNED_PREFIX))
      return await rewrites.apply(request, await presigned.answer(request));
    checkKey(request, settings.apiKey);
    return await rewrites.apply(request, await router.answer(request));
  };
  const server = new EmulatorServer(answer, faults, log);
  await server.listen(settings.host, settings.port);

  return {
    url: server.url,
    apiKey: settings.apiKey,
    requests: log.requests,
    faults,
    batches: createBatchControls(project, (batch) => webhooks.changed(batch)),
    jobs: createJobControls(project, presigned),
    addDirectory: async (source, directoryOptions = {}) => {
      const directory = await makeDirectory(source, directoryOptions, project.defaultProjectId, random);
      project.directories.set(directory.id, directory);
      return { id: directory.id, name: directory.name, files: directory.files.map(({ id, name }) => ({ id, name })) };
    },
    addConfiguration: (id) => project.configurations.add(id),
    rewrite: (target, rewrite) => rewrites.add(target, rewrite),
    configure: (changes) => {
      checkSettings({ ...settings, ...changes });
      Object.assign(settings, changes);
    },
    close: async () => {
      webhooks.close();
      await server.close();
      await parseQueue.close();
    },
  };
}

function checkKey({ headers }: EmulatorRequest, apiKey: string): void {
  const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(apiKey))) throw new HttpError(401, 'Invalid API Key');
}
