import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { freezeClock } from '../support/freeze-clock.js';
import { temporaryFolder } from './support.js';

const killed = vi.hoisted(() => ({ value: false }));

// A worker that is killed removes nothing, and links nothing.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const unlessKilled =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    (...args: A) =>
      killed.value ? Promise.reject(new Error('killed')) : operation(...args);
  return { ...fs, rm: unlessKilled(fs.rm), link: unlessKilled(fs.link) };
});

afterEach(() => {
  killed.value = false;
});

test.each([
  ['checks the store', (store: DirectoryStore) => store.check()],
  ['creates its id', (store: DirectoryStore) => store.id()],
])('what a worker leaves behind that is killed while it %s is removed by a later check', async (_, act) => {
  const root = join(await temporaryFolder(), 'out');
  const store = new DirectoryStore(root);
  killed.value = true;
  for (let times = 0; times < 2; times++) await act(store).catch(() => undefined);
  killed.value = false;
  freezeClock(Date.now() + 2 * 60 * 60_000);
  await store.check();
  expect((await readdir(root, { recursive: true })).sort()).toEqual(['.store-id', '.tmp']);
});
