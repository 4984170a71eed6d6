import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { OutputStore } from '../../outputs/index.js';

/** Each line of a JSON lines file, parsed; `undefined` for one that is not JSON. None where there is no file. */
export async function* readLines(outputs: OutputStore, key: readonly string[]): AsyncGenerator<unknown> {
  const content = await outputs.read(key);
  if (content === undefined) return;
  for await (const line of createInterface({ input: Readable.from(content) })) yield parseJson(line);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
