import { toJsonLine } from '../manifest/json-lines.js';

/** Many lines in one chunk. */
const CHUNK_LENGTH = 64 * 1024;

/** JSON lines as a stream, in chunks. */
export async function* toLineContent(values: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const value of values) {
    text += toJsonLine(value);
    if (text.length < CHUNK_LENGTH) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
