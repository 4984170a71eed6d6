import { z } from 'zod';
import type { CollectFormat } from '../protocol/index.js';
import { joined, markdownOf } from './pages.js';

const markdownPages = z.object({
  pages: z.array(
    z.union([
      z.object({ page_number: z.number(), success: z.literal(false), error: z.unknown() }),
      z.object({ page_number: z.number(), markdown: z.string() }),
    ]),
  ),
});
const textPages = z.object({ pages: z.array(z.object({ text: z.string() })) });

/**
 * A downloaded result as the document that it stands for. What lies behind a presigned URL is not published: JSON with
 * pages, as results come inline, is joined as those are; anything else is the document already, and streams.
 */
export async function* downloadedDocument(
  content: AsyncIterable<Uint8Array>,
  format: CollectFormat,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let isJson = format === 'markdown' || format === 'text' ? undefined : false;
  for await (const chunk of content) {
    isJson ??= startsAsObject(chunk);
    held.push(chunk);
    if (isJson !== false) continue;
    yield* held;
    held = [];
  }
  if (held.length > 0) yield rendered(Buffer.concat(held), format);
}

/** `undefined` while there is nothing but white space. */
function startsAsObject(chunk: Uint8Array): boolean | undefined {
  const start = Buffer.from(chunk).toString('utf8').trimStart();
  return start === '' ? undefined : start.startsWith('{');
}

function rendered(bytes: Buffer, format: CollectFormat): Uint8Array {
  const json = parsedJson(bytes);
  const text = format === 'text' ? textPages.safeParse(json) : undefined;
  if (text?.success) return Buffer.from(joined(text.data.pages.map((page) => page.text)));
  const markdown = format === 'markdown' ? markdownPages.safeParse(json) : undefined;
  if (markdown?.success) return Buffer.from(joined(markdown.data.pages.map(markdownOf)));
  return bytes;
}

/** `undefined` for a text that only starts like JSON. */
function parsedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
