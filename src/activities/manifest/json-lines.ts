import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { OutputStore } from '../../outputs/index.js';

/** Parses each line of a JSON lines file; a line that is not JSON becomes `undefined`. A missing file has no lines. */
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
