import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readUploads } from '../../../src/activities/corpus/uploads.js';
import { createActivities } from '../../../src/activities/index.js';
import type { CorpusSource } from '../../../src/sources/index.js';
import { FolderSource } from '../../../src/sources/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { sourceFolder } from '../../sources/support.js';
import { createContext, run, runAttempts, runIn, startActivityEnvironment } from '../support.js';
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
