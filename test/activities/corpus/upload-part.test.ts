import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readUploads } from '../../../src/activities/corpus/uploads.js';
import { createActivities } from '../../../src/activities/index.js';
import type { CorpusSource } from '../../../src/sources/index.js';
import { FolderSource } from '../../../src/sources/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { sourceFolder } from '../../sources/support.js';
import {
  type ActivityEnvironment,
  createContext,
  failureOf,
  run,
  runAttempts,
  runIn,
  startActivityEnvironment,
} from '../support.js';
import { corpusRun } from './support.js';

const LARGE = 'x'.repeat(3 * 1024 * 1024);

/** A part that is planned, and its directory. */
async function newPart(files: Readonly<Record<string, string>>, emulator = {}) {
  const env = await startActivityEnvironment({ emulator, listLagMs: 0 });
  const source = await sourceFolder(files);
  const corpus = corpusRun({ source, storeId: await env.outputs.id() });
  const { name } = await run(env.activities.planCorpusPart, { run: corpus, cursor: null, segment: 0, room: 1_000 });
  const open = { run: corpus, segments: [name] };
  const { directoryId } = await run(env.activities.openPartDirectory, open);
  const input = { ...open, part: 0, directoryId, isExisting: false };
  const uniqueIds = () =>
    (env.emulator.directories.list().find(({ id }) => id === directoryId)?.files ?? []).map(({ uniqueId }) => uniqueId);
  const posts = () => env.emulator.requests.filter(({ path }) => path.endsWith('/files/upload')).length;
  return { env, source, corpus, open, input, uniqueIds, posts };
}

/** Changes the `unique_id`s that the list of files shows. */
function rewriteUniqueIds({ emulator }: ActivityEnvironment, toListed: (uniqueId: string) => string | null) {
  const listSchema = z.looseObject({ items: z.array(z.looseObject({ unique_id: z.string() })) });
  emulator.rewrite({ method: 'GET', path: /\/files$/ }, (body) => {
    const list = listSchema.parse(body);
    return { ...list, items: list.items.map((file) => ({ ...file, unique_id: toListed(file.unique_id) })) };
  });
}

const detailsSchema = z.looseObject({ progress: z.looseObject({ acknowledged: z.record(z.string(), z.unknown()) }) });

function progressOf(details: unknown) {
  return detailsSchema.parse(details).progress;
}

function withProgress(details: unknown, fields: { attempt: number; hasEnded: boolean }) {
  return { ...detailsSchema.parse(details), progress: { ...progressOf(details), ...fields } };
}

describe('the directory of a part', () => {
  test('is found again by what the part processes, also after the response to its create was lost', async () => {
    const { env, open, input } = await newPart({ 'a.md': 'a' });
    expect(await run(env.activities.openPartDirectory, open)).toMatchObject({
      directoryId: input.directoryId,
      isExisting: true,
    });
    const other = { ...open, run: { ...open.run, generation: 'later' } };
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createDirectory });
    const found = await runAttempts(env.activities.openPartDirectory, other);
    expect(found.isExisting).toBe(true);
    expect(found.directoryId).not.toBe(input.directoryId);
    expect(env.emulator.directories.list()).toHaveLength(2);
  });

  test('is found again also if the list does not show it yet, until it is removed', async () => {
    const { env, open, input } = await newPart({ 'a.md': 'a' }, { directoryListLagMs: 600_000 });
    const { activities, emulator, llamacloud } = env;
    const found = await run(activities.openPartDirectory, open);
    expect(found).toMatchObject({ directoryId: input.directoryId, isExisting: true, createdAt: expect.any(String) });
    expect(emulator.directories.list()).toHaveLength(1);
    await llamacloud.deleteDirectory(input.directoryId);
    const next = await run(activities.openPartDirectory, open);
    expect(next).toMatchObject({ isExisting: false });
    expect(next.directoryId).not.toBe(input.directoryId);
    expect(await run(activities.openPartDirectory, open)).toEqual({ ...next, isExisting: true });
  });
});

describe('the files of a part', () => {
  test('are uploaded once, with what was read of them, also large ones', async () => {
    const { env, corpus, input, uniqueIds, posts } = await newPart({
      'a/ü.md': 'a',
      'large.md': LARGE,
      '\uDC80.md': 'b',
    });
    const uploaded = await run(env.activities.uploadPart, input);
    expect(uploaded).toMatchObject({ uploaded: 3, failed: 0 });
    expect(uniqueIds().toSorted()).toEqual(['a/ü.md', 'large.md', expect.stringMatching(/^.*\.md$|~/)]);
    expect(posts()).toBe(3);
    const uploads = await readUploads(env.outputs, corpus, uploaded.name);
    expect(uploads.get('large.md')).toMatchObject({ size: LARGE.length, error: null });
    expect(uploads.get('a/ü.md')?.sha256).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
    // Another attempt, such as that of a run after a reset, sends nothing.
    await run(env.activities.uploadPart, { ...input, isExisting: true });
    expect(posts()).toBe(3);
  });

  test.each([
    ['a lost response', { kind: 'reset-after' }],
    ['an error after the effect', { kind: 'error-after' }],
    ['a request that had no effect', { kind: 'reset-before' }],
    ['an upload that was carried out twice', { kind: 'duplicated' }],
    ['one whose response was also lost', { kind: 'duplicated', response: 'reset' }],
    ['a rate limit', { kind: 'status', status: 429 }],
    ['an outage', { kind: 'status', status: 503 }],
  ] as const)('are there once after %s', async (_, fault) => {
    const { env, input, uniqueIds } = await newPart({ 'a.md': 'a', 'b.md': 'b', 'c.md': 'c' });
    env.emulator.faults.next({ ...fault, ...TARGETS.uploadFile });
    expect(await runAttempts(env.activities.uploadPart, input)).toMatchObject({ uploaded: 3, failed: 0 });
    expect(uniqueIds().toSorted()).toEqual(['a.md', 'b.md', 'c.md']);
  });

  test.each(['reject', 'return-existing'] as const)(
    'are there once where LlamaCloud answers a second upload with %s',
    async (duplicateUploads) => {
      const { env, input, uniqueIds } = await newPart({ 'a.md': 'a', 'b.md': 'b' }, { duplicateUploads });
      env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.uploadFile });
      await runAttempts(env.activities.uploadPart, input);
      expect(uniqueIds().toSorted()).toEqual(['a.md', 'b.md']);
    },
  );

  test('that were sent by a worker which was lost are not sent again before the list would show them', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index + 10}.md`, 'x']));
    const { env, input, uniqueIds, posts } = await newPart(files, { fileListLagMs: 300 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 100, times: 20, ...TARGETS.uploadFile });
    const lost = createContext();
    const attempt = runIn(lost, env.activities.uploadPart, input).catch(() => undefined);
    while (posts() < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    lost.cancel();
    await attempt;
    // The next worker knows nothing of it. Its list may lack what is there.
    const activities = createActivities({ llamacloud: env.llamacloud, outputs: env.outputs, listLagMs: 600 });
    const startedMs = Date.now();
    let heartbeatDetails: unknown;
    for (let number = 2; ; number++) {
      const context = createContext({ number, ageMs: 1_000, heartbeatDetails });
      context.on('heartbeat', (details: unknown) => {
        heartbeatDetails = details;
      });
      const done = await runIn(context, activities.uploadPart, input).catch(() => undefined);
      if (done !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(500);
    expect(uniqueIds().toSorted()).toEqual(Object.keys(files).toSorted());
  });

  test('that the list shows late are not sent again', async () => {
    const { env, input, uniqueIds, posts } = await newPart({ 'a.md': 'a', 'b.md': 'b' }, { fileListLagMs: 300 });
    const activities = createActivities({ llamacloud: env.llamacloud, outputs: env.outputs, listLagMs: 60_000 });
    expect(await runAttempts(activities.uploadPart, input)).toMatchObject({ uploaded: 2 });
    expect(uniqueIds()).toHaveLength(2);
    expect(posts()).toBe(2);
  });

  test('that LlamaCloud has acknowledged are not sent again, also if the list shows them later than it should', async () => {
    const { env, corpus, input, posts } = await newPart({ 'a.md': 'a', 'b.md': 'b' }, { fileListLagMs: 600_000 });
    const uploaded = await runAttempts(env.activities.uploadPart, input, () => expect(posts()).toBeLessThan(10));
    expect(uploaded).toMatchObject({ uploaded: 2, failed: 0 });
    expect(posts()).toBe(2);
    const uploads = await readUploads(env.outputs, corpus, uploaded.name);
    expect(uploads.get('a.md')).toMatchObject({
      size: 1,
      sha256: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      fileId: env.emulator.directories.list()[0]?.files.find(({ uniqueId }) => uniqueId === 'a.md')?.id,
      changeToken: expect.stringMatching(/./),
    });
  });

  test.each([
    ['none', () => null],
    ['that of another file', () => 'same.md'],
    ['a normalized one', (uniqueId: string) => uniqueId.normalize('NFC')],
  ] as const)('are sent once where the list shows %s as their unique_id', async (_, toListed) => {
    const files = { 'a.md': 'a', '\u00fc.md': 'composed', 'u\u0308.md': 'decomposed' };
    const { env, corpus, input, uniqueIds, posts } = await newPart(files);
    rewriteUniqueIds(env, toListed);
    const uploaded = await runAttempts(env.activities.uploadPart, input, () => expect(posts()).toBeLessThan(10));
    expect(uploaded).toMatchObject({ uploaded: 3, failed: 0 });
    expect(posts()).toBe(3);
    expect(uniqueIds().toSorted()).toEqual(Object.keys(files).toSorted());
    const uploads = await readUploads(env.outputs, corpus, uploaded.name);
    expect(new Set([...uploads.values()].map(({ fileId }) => fileId)).size).toBe(3);
  });

  test('that the list never shows and whose uploads are never answered are sent three times, then they fail', async () => {
    const { env, corpus, input, posts } = await newPart({ 'a.md': 'a' });
    rewriteUniqueIds(env, () => null);
    env.emulator.faults.next({ kind: 'error-after', times: 10, ...TARGETS.uploadFile });
    const uploaded = await runAttempts(env.activities.uploadPart, input, () => expect(posts()).toBeLessThan(10));
    expect(uploaded).toMatchObject({ uploaded: 0, failed: 1 });
    expect(posts()).toBe(3);
    const uploads = await readUploads(env.outputs, corpus, uploaded.name);
    expect(uploads.get('a.md')?.error).toEqual({
      type: 'FileUnreadable',
      message: 'it was not uploaded: LlamaCloud does not list it after 3 tries whose outcome is not known',
    });
  });

  test.each([
    ['of the attempt before it', false],
    ['of before it has sent anything', true],
  ])(
    'that a retry has sent are looked for if its worker was lost and its details are those %s',
    async (_, isOfRetry) => {
      const { env, input, posts } = await newPart({ 'a.md': 'a', 'b.md': 'b' }, { fileListLagMs: 600_000 });
      const activities = createActivities({ llamacloud: env.llamacloud, outputs: env.outputs, listLagMs: 60_000 });
      env.emulator.faults.next({ kind: 'status', status: 429, times: 2, ...TARGETS.uploadFile });
      let details: unknown;
      const first = createContext();
      first.on('heartbeat', (saved: unknown) => {
        details = structuredClone(saved);
      });
      expect((await failureOf(runIn(first, activities.uploadPart, input))).type).toBe('RateLimited');
      expect(posts()).toBe(2);
      // Its heartbeats do not arrive.
      await run(activities.uploadPart, input, { number: 2, heartbeatDetails: structuredClone(details) }).catch(
        () => {},
      );
      expect(posts()).toBe(4);
      if (isOfRetry) details = withProgress(details, { attempt: 2, hasEnded: false });
      const third = run(activities.uploadPart, input, { number: 3, ageMs: 1_000, heartbeatDetails: details });
      expect((await failureOf(third)).type).toBe('UploadNotReady');
      expect(posts()).toBe(4);
    },
  );

  test('that an account which is paused does not take were not sent: the list is not waited for', async () => {
    const { env, input, posts } = await newPart({ 'a.md': 'a' });
    const activities = createActivities({
      llamacloud: env.llamacloud,
      outputs: env.outputs,
      listLagMs: 60_000,
      accountGate: { minProbeIntervalMs: 1 },
    });
    env.emulator.faults.next({ kind: 'status', status: 401, ...TARGETS.uploadFile });
    const failures = new Set<unknown>();
    await runAttempts(activities.uploadPart, input, (error) => {
      if (error instanceof ApplicationFailure) failures.add(error.type);
      expect(failures).not.toContain('UploadNotReady');
    });
    expect([...failures]).toEqual(['AccountPaused']);
    expect(posts()).toBe(2);
  });

  test('that were sent when a worker is shut down are known to the next one', async () => {
    const { env, input, posts } = await newPart({ 'a.md': 'a', 'b.md': 'b' }, { fileListLagMs: 600_000 });
    let details: unknown;
    const context = createContext();
    context.on('heartbeat', (saved: unknown) => {
      details = structuredClone(saved);
    });
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.uploadFile });
    const attempt = runIn(context, env.activities.uploadPart, input).catch(() => undefined);
    const files = () => env.emulator.directories.list()[0]?.files.length;
    while (files() !== 1 || posts() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    context.cancel();
    await attempt;
    expect(details).toMatchObject({ progress: { hasEnded: true, isUnknown: true } });
    expect(Object.keys(progressOf(details).acknowledged)).toHaveLength(1);
  });

  test('are passed on in few bytes: Temporal takes 2 MB', async () => {
    const folder = 'f'.repeat(200);
    const names = Array.from({ length: 20 }, (_, index) => `${folder}/${folder}/${folder}/${index}.md`);
    const { env, input } = await newPart(Object.fromEntries(names.map((name) => [name, 'x'])), {
      fileListLagMs: 600_000,
    });
    let details: unknown;
    await runAttempts(env.activities.uploadPart, input, (_, saved) => {
      details = saved;
    });
    expect(Object.keys(progressOf(details).acknowledged)).toHaveLength(20);
    expect(JSON.stringify(details).length / 20).toBeLessThan(300);
  });

  test('that are gone, change, or are refused are lines of their own, and the others are uploaded', async () => {
    const { env, source, corpus, input, uniqueIds } = await newPart(
      { 'changes.md': LARGE, 'gone.md': 'a', 'huge.md': 'x'.repeat(2_000), 'ok.md': 'a' },
      { maxUploadBytes: 4 * 1024 * 1024 },
    );
    await rm(join(source, 'gone.md'));
    const folder = new FolderSource(source);
    const changing: CorpusSource = {
      location: folder.location,
      list: (options) => folder.list(options),
      open: async (path) => {
        const file = await folder.open(path);
        if (path !== 'changes.md') return file;
        async function* content() {
          for await (const chunk of file.content) {
            await appendFile(join(source, 'changes.md'), 'more');
            yield chunk;
          }
        }
        return { ...file, content: content() };
      },
    };
    const activities = createActivities({
      llamacloud: env.llamacloud,
      outputs: env.outputs,
      listLagMs: 0,
      openSource: async () => changing,
    });
    env.emulator.configure({ maxUploadBytes: 1_000 });
    const uploaded = await runAttempts(activities.uploadPart, input);
    expect(uploaded).toMatchObject({ uploaded: 1, failed: 3 });
    expect(uniqueIds()).toEqual(['ok.md']);
    const uploads = await readUploads(env.outputs, corpus, uploaded.name);
    expect(uploads.get('changes.md')?.error).toEqual({
      type: 'FileUnreadable',
      message: 'it has changed while it was read',
    });
    expect(uploads.get('gone.md')?.error).toEqual({ type: 'FileUnreadable', message: 'it is gone (ENOENT)' });
    expect(uploads.get('huge.md')?.error?.type).toBe('FileRejected');
    expect(uploads.get('huge.md')?.error?.message).toContain('LlamaCloud does not take it');
  });
});
