import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BatchClient, type BatchProgress, type ManifestLine } from '../../src/index.js';
import { ACTIVITY_TASK_QUEUE_TYPE } from '../../src/protocol/account-pause.js';
import {
  type EmulatedBatch,
  type LlamaCloudEmulator,
  type RecordedRequest,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../src/testing/index.js';
import { parseFlags } from '../cli/cli-environment.js';
import { CliProcess, cli, cliProcess } from '../cli/cli-process.js';
import { openNamespace } from '../support/namespace.js';
import { newFolder } from '../support/new-folder.js';
import { until } from '../support/until.js';
import { readSections, Walk } from './walk-page.js';

const PAGE = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));

const DIRECTORY = 'dir-1';
const RUN = `llamacloud/${DIRECTORY}/parse_v2/cfg-PARSE_AGENTIC`;

/** What a worker tries again may take minutes, and the machine may be busy. */
const PATIENCE_MS = 900_000;

const FILES = [
  { name: 'a.txt', content: 'a' },
  { name: 'b.txt', content: 'b' },
];

/** The scenario of each section of the page. */
const SCENARIOS: Record<string, (title: string) => Promise<void>> = {
  'Find the run': findTheRun,
  'It is stuck': itIsStuck,
  'It is too slow': itIsTooSlow,
  "We're out of credits": outOfCredits,
  'Cancel it': cancelIt,
  'Run the failed ones again': runTheFailedOnesAgain,
  'Rotate the key': rotateTheKey,
  'Deploy a new version': deployANewVersion,
  'The disk is full': theDiskIsFull,
  'Temporal was down': temporalWasDown,
};

let sections: Awaited<ReturnType<typeof readSections>>;

beforeAll(async () => {
  sections = await readSections(PAGE);
});

test('every section with commands is walked', () => {
  expect([...sections.keys()]).toEqual(Object.keys(SCENARIOS));
});

describe('each command of the page works as printed, and prints what the page says, in the section', () => {
  test.each(Object.entries(SCENARIOS))('%s', (title, walk) => walk(title));
});

async function findTheRun(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start();
  const { id } = await scene.untilWaiting();
  await scene.untilListed(DIRECTORY, `RUNNING .* ${id}`);
  const { walk, worker } = scene;
  await scene.untilPolling(1);
  const [, run = '', batch = ''] = /^(llamacloud\S+) .* (bat-\S+)/m.exec(await walk.step()) ?? [];
  expect([run, batch]).toEqual([RUN, id]);
  const [, pid = ''] = /(\d+)@/.exec(await walk.step()) ?? [];
  expect(pid).toBe(`${worker.pid}`);
  await walk.step({ values: { RUN: run, BATCH: batch, WORKER: pid } });
  await walk.step();
  scene.finish();
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function itIsStuck(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start('--stuck-after', '2s');
  const { id } = await scene.untilWaiting();
  await scene.worker.stop('SIGTERM');
  const { walk, emulator } = scene;
  await scene.fillIn();
  await walk.step({ code: 1 });
  await walk.step();
  await scene.untilListed(DIRECTORY, 'STUCK');
  await walk.step();
  expect(await walk.step()).toContain(emulator.batches.list()[0]?.status);
  const polls = () => emulator.requests.filter(({ path }) => path === `/api/v2/batches/${id}`).length;
  await walk.step();
  const before = polls();
  await until('a poll', () => polls() > before);
  await walk.step({ code: 1 });
  expect(emulator.batches.list()).toMatchObject([{ id, status: 'CANCELLED' }]);
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function itIsTooSlow(title: string): Promise<void> {
  const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name: `${name}.txt`, content: name }));
  const scene = await setUp(title, { files });
  const { walk, emulator, worker } = scene;
  // The first child holds up the others.
  emulator.faults.next({ kind: 'status', status: 503, times: Number.POSITIVE_INFINITY, path: /^\/api\/v2\/parse\/./ });
  await scene.start('--max-concurrent-jobs', '1');
  await scene.untilWaiting();
  scene.finish();
  await scene.until(({ jobsEnded, running }) => jobsEnded === 6 && running === 1);
  await scene.fillIn();
  await walk.step();
  await walk.step();
  await scene.until(({ running }) => running === 6);
  expect(await walk.step()).toContain(`${worker.pid}@`);
  await walk.step();
  // What is left is done by the new one.
  await worker.stop('SIGTERM');
  emulator.faults.clear();
  await walk.step();
  await scene.expectDocuments({ completed: 6 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function outOfCredits(title: string): Promise<void> {
  const scene = await setUp(title);
  const { walk, emulator } = scene;
  emulator.faults.next({
    ...{ kind: 'status', status: 402, detail: 'no credits', times: Number.POSITIVE_INFINITY },
    ...{ method: 'POST', path: '/api/v2/batches' },
  });
  await scene.start();
  await scene.until(({ blockedBy }) => blockedBy?.includes('402') === true);
  await scene.fillIn();
  await walk.step();
  await walk.step();
  emulator.faults.clear();
  const watched = walk.step();
  await scene.batch();
  scene.finish();
  await watched;
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function cancelIt(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start();
  await scene.untilWaiting();
  const { walk, emulator } = scene;
  await scene.fillIn();
  await walk.step();
  await walk.step({ code: 1 });
  expect(await walk.step()).toContain('CANCELLED');
  expect(emulator.jobs.running()).toEqual([]);
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function runTheFailedOnesAgain(title: string): Promise<void> {
  const bad = { name: 'bad.pdf', content: 'no PDF at all' };
  const scene = await setUp(title, { files: [{ name: 'good.txt', content: 'text' }, bad] });
  await scene.start();
  await scene.untilWaiting();
  scene.finish();
  const [lost = ''] = await scene.expectDocuments({ completed: 1, failed: 1 });
  await rm(lost);
  const { walk, emulator } = scene;
  await scene.fillIn();
  emulator.configure({ batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 });
  const other = await emulator.addDirectory([bad]);
  await scene.startOver(other.id, '--max-failed-files', '0');
  await scene.untilListed(other.id, 'FAILED');
  await walk.step();
  await walk.step();
  const jobs = emulator.jobs.list().length;
  await walk.step();
  expect(existsSync(lost)).toBe(true);
  expect(emulator.jobs.list()).toHaveLength(jobs);
  expect(scene.creates()).toEqual([DIRECTORY, other.id]);
  const mended = await emulator.addDirectory([{ name: 'bad.txt', content: 'mended' }]);
  await walk.step({ values: { DIRECTORY: mended.id } });
  expect(scene.creates()).toEqual([DIRECTORY, other.id, mended.id]);
  walk.end();
}

async function rotateTheKey(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start();
  await scene.untilWaiting();
  const { walk, emulator, worker } = scene;
  const apiKey = 'llx-the-new-key-0123456789';
  emulator.configure({ apiKey });
  await scene.until(({ blockedBy }) => blockedBy?.includes('401') === true);
  await scene.fillIn();
  await walk.step();
  expect(await walk.step({ input: `${apiKey}\n` })).not.toContain(apiKey);
  await walk.step();
  await walk.step();
  expect(await worker.end()).toMatchObject({ code: 0 });
  scene.finish();
  await walk.step();
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function deployANewVersion(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start();
  await scene.untilWaiting();
  const { walk, worker } = scene;
  await scene.fillIn();
  await walk.step();
  await scene.untilPolling(2);
  const identities = new Set((await walk.step()).match(/\d+@/g));
  expect(identities.size).toBe(2);
  expect(identities).toContain(`${worker.pid}@`);
  await walk.step();
  expect(await worker.end()).toMatchObject({ code: 0, stderr: expect.stringContaining('Stopping…') });
  scene.finish();
  await walk.step();
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function theDiskIsFull(title: string): Promise<void> {
  const scene = await setUp(title);
  await scene.start();
  await scene.untilWaiting();
  const { walk, output, env } = scene;
  // A file in its place: root, who runs the tests in CI, may write to every folder.
  await rename(output, `${output}.away`);
  await writeFile(output, '');
  scene.finish();
  await scene.until(({ blockedBy }) => blockedBy?.includes('Could not') === true);
  await scene.fillIn();
  await walk.step();
  expect(await cliProcess(['worker'], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Could not'),
  });
  await rm(output);
  await rename(`${output}.away`, output);
  await walk.step();
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

async function temporalWasDown(title: string): Promise<void> {
  const dbFilename = join(await newFolder('temporal-was-down-'), 'temporal.db');
  const server = await startLocalTemporal({ dbFilename });
  onTestFinished(() => server.close());
  const scene = await setUp(title, { temporal: server });
  await scene.start();
  await scene.untilWaiting();
  await scene.fillIn();
  await server.close();
  const { walk, worker } = scene;
  await walk.step({ code: 1 });
  // LlamaCloud goes on.
  scene.finish();
  const again = await startLocalTemporal({ dbFilename, port: Number(server.address.split(':')[1]) });
  onTestFinished(() => again.close());
  await walk.step();
  scene.reconnect(again.client);
  await scene.untilPolling(1);
  expect(await walk.step()).toContain(`${worker.pid}@`);
  await walk.step();
  await scene.expectDocuments({ completed: 2 });
  expect(scene.creates()).toEqual([DIRECTORY]);
  walk.end();
}

interface Scene {
  readonly walk: Walk;
  readonly emulator: LlamaCloudEmulator;
  /** The first worker. */
  readonly worker: CliProcess;
  readonly output: string;
  /** The environment of the workers. */
  readonly env: Record<string, string>;
  /** Starts the run. */
  start(...flags: string[]): Promise<void>;
  /** Starts a run over another directory. */
  startOver(directoryId: string, ...flags: string[]): Promise<void>;
  batch(): Promise<EmulatedBatch>;
  /** Waits until the run waits for its batch. */
  untilWaiting(): Promise<EmulatedBatch>;
  /** Waits for a state of the run. */
  until(isReached: (progress: BatchProgress & { blockedBy: string | null }) => boolean): Promise<void>;
  /** Waits until so many workers poll for activities. */
  untilPolling(workers: number): Promise<void>;
  /** Asks by another client from here on. */
  reconnect(client: Client): void;
  /** Waits until the list shows the run over a directory with this after its workflow id. */
  untilListed(directoryId: string, pattern: string): Promise<void>;
  /** Does what "Find the run" says about variables. */
  fillIn(): Promise<void>;
  /** Ends the batch and its jobs. */
  finish(): void;
  /** The directories of the batches that LlamaCloud has created. */
  creates(): string[];
  /** Waits for the end of the run. Its documents are there: returns their paths. */
  expectDocuments(counts: { completed: number; failed?: number }): Promise<string[]>;
}

async function setUp(
  title: string,
  {
    files = FILES,
    temporal,
  }: { files?: typeof FILES; temporal?: { address: string; namespace: string; client: Client } } = {},
): Promise<Scene> {
  const { address, namespace, client } = temporal ?? (await openNamespace());
  // Nothing ends by itself.
  const emulator = await startLlamaCloudEmulator({ batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 });
  onTestFinished(() => emulator.close());
  await emulator.addDirectory(files, { id: DIRECTORY });
  const output = join(await newFolder('operations-'), 'out');
  const env = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    LLAMA_CLOUD_API_KEY: emulator.apiKey,
    LLAMA_CLOUD_BASE_URL: emulator.url,
    LLAMACLOUD_OUTPUT: output,
  };
  await until('the namespace', async () => (await cli(['setup'], env)).code === 0);
  const worker = new CliProcess(['worker'], { env });
  onTestFinished(async () => {
    await worker.stop('SIGKILL');
  });
  await worker.waitForOutput(/^Polling task queue llamacloud /);
  const walk = await Walk.start(title, sections.get(title) ?? [], env);
  let current = client;
  const attach = () => new BatchClient({ client: current }).attach(RUN);
  const batch = () => until('the batch', () => emulator.batches.list()[0]);
  const untilProgress: Scene['until'] = async (isReached) => {
    await until(
      'the state of the run',
      async () => {
        const progress = await attach()
          .progress()
          .catch(() => undefined);
        return progress !== undefined && isReached(progress);
      },
      PATIENCE_MS,
    );
  };
  const startOver = async (directoryId: string, ...flags: string[]) => {
    expect(await cli(['start', ...parseFlags(directoryId), ...flags], env)).toMatchObject({ code: 0 });
  };
  const isCreate = ({ method, path, status }: RecordedRequest) =>
    method === 'POST' && path === '/api/v2/batches' && status < 300;
  const creates = () => {
    const directories = emulator.batches.list().map(({ directoryId }) => directoryId);
    expect(emulator.requests.filter(isCreate)).toHaveLength(directories.length);
    return directories;
  };
  return {
    ...{ walk, emulator, worker, output, env, batch, creates },
    start: (...flags) => startOver(DIRECTORY, ...flags),
    startOver,
    untilWaiting: async () => {
      await untilProgress(({ phase }) => phase === 'waiting');
      return await batch();
    },
    until: untilProgress,
    untilPolling: async (workers) => {
      const request = { namespace, taskQueue: { name: 'llamacloud' }, taskQueueType: ACTIVITY_TASK_QUEUE_TYPE };
      await until(`${workers} workers that poll`, async () => {
        const { pollers } = await current.workflowService.describeTaskQueue(request);
        return pollers.length >= workers;
      });
    },
    reconnect: (by) => {
      current = by;
    },
    untilListed: async (directoryId, pattern) => {
      const line = new RegExp(`^llamacloud/${directoryId}/.* ${pattern} `, 'm');
      await until(`${line} in the list`, async () => line.test((await cli(['list'], env)).stdout));
    },
    fillIn: async () => {
      const batchId = emulator.batches.list()[0]?.id ?? 'bat-none';
      const setting = sections.get('Find the run')?.find(({ script }) => script.startsWith('export RUN='));
      if (setting === undefined) throw new Error('the page does not say how to set RUN');
      await walk.run(setting, { values: { RUN, BATCH: batchId, WORKER: `${worker.pid}` } });
    },
    finish: () => {
      for (const { id } of emulator.batches.list()) {
        emulator.batches.finish(id);
        emulator.batches.finishJobs(id);
      }
    },
    expectDocuments: async (counts) => {
      const { files, manifest } = await attach().result();
      expect(files).toMatchObject({ failed: 0, ...counts });
      const lines = (await readFile(manifest ?? '', 'utf8')).trimEnd().split('\n');
      const paths = lines.flatMap((line) => {
        const { output }: ManifestLine = JSON.parse(line);
        return output === null ? [] : [output];
      });
      expect(paths.filter(existsSync)).toHaveLength(counts.completed);
      return paths;
    },
  };
}
