import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { OutputStore } from '../../outputs/index.js';

/** Parses each line of a JSON lines file; a line that is not JSON becomes `undefined`. A missing file has no lines. */
export async function* readLines(outputs: Pick<OutputStore, 'read'>, key: readonly string[]): AsyncGenerator<unknown> {
  const content = await outputs.read(key);
  if (content === undefined) return;
  const input = Readable.from(content);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) yield parseJson(line);
  } finally {
    // A reader that stops early closes the interface only. The list would be read on, or stay open, depending on the version of Node.
    lines.close();
    input.destroy();
  }
}

/** The line separators of Unicode are escaped: JSON need not, but many readers of lines would end the line there. */
export function toJsonLine(value: object): string {
  return `${JSON.stringify(value).replace(/[\u0085\u2028\u2029]/g, escapeCharacter)}\n`;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
