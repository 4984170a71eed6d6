import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readLines } from '../../../src/activities/manifest/json-lines.js';
import type { OutputStore } from '../../../src/outputs/index.js';
import { until } from '../support.js';

/** A store with one list, which says how many lines of it were read, and whether it is closed. */
function storeOf(lines: readonly string[], end: () => void = () => undefined) {
  const list = { read: 0, isClosed: false };
  async function* content() {
    try {
      for (const line of lines) {
        await setImmediate();
        list.read += 1;
        yield Buffer.from(`${line}\n`);
      }
      end();
    } finally {
      list.isClosed = true;
    }
  }
  const outputs: Pick<OutputStore, 'read'> = { read: async () => content() };
  return { outputs, list };
}

test('a list that is not read to its end is closed, and not read on', async () => {
  const { outputs, list } = storeOf(Array.from({ length: 10_000 }, (_, index) => `${index}`));
  for await (const line of readLines(outputs, ['list'])) {
    expect(line).toBe(0);
    break;
  }
  await until(() => list.isClosed);
  expect(list.read).toBeLessThan(5_000);
});

test('a list that can not be read to its end throws', async () => {
  const { outputs, list } = storeOf(['1', 'no JSON'], () => {
    throw new Error('broken off');
  });
  const readAll = async () => {
    for await (const line of readLines(outputs, ['list'])) expect(line).not.toBeNull();
  };
  await expect(readAll()).rejects.toThrow('broken off');
  expect(list.isClosed).toBe(true);
});
