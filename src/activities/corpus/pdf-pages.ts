/**
 * Counts the pages of a PDF. No library does only this: pdfjs-dist has 38 MB, unpdf needs Node 22, pdf-lib is no longer maintained, and mupdf is AGPL. The number is
 * in the root of the page tree. Objects are found by reading the whole file, as programs do that repair one, so that a damaged table of objects does not matter.
 */
import { inflateSync } from 'node:zlib';

/** A document with more objects than this is not counted. */
const MAX_OBJECTS = 2_000_000;

/** An object stream that is larger when it is inflated is not read. */
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** @returns `undefined` if the document does not say: it is no PDF, or is damaged, or its page tree is encrypted. */
export function countPdfPages(content: Buffer): number | undefined {
  // One character for each byte.
  const text = content.toString('latin1');
  if (!text.slice(0, 1024).includes('%PDF')) return undefined;
  const { objects, outside } = readObjects(text, content);
  // The last one is that of the last change of the file.
  const roots = [...outside.matchAll(/\/Root\s+(\d+)\s+\d+\s+R/g)].map(([, number = '']) => number);
  for (const root of roots.toReversed()) {
    const pages = /\/Pages\s+(\d+)\s+\d+\s+R/.exec(objects.get(root) ?? '')?.[1];
    const count = pages === undefined ? undefined : findCount(objects.get(pages) ?? '', objects);
    if (count !== undefined) return count;
  }
  return undefined;
}

function findCount(pages: string, objects: ReadonlyMap<string, string>): number | undefined {
  if (!/\/Type\s*\/Pages\b/.test(pages)) return undefined;
  const [, number = '', isReference] = /\/Count\s+(\d+)(\s+\d+\s+R)?/.exec(pages) ?? [];
  const count = Number.parseInt(isReference === undefined ? number : (objects.get(number) ?? ''), 10);
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

interface PdfObjects {
  /** The text of each object, without its stream, by its number. Of several of a number, the last one counts. */
  objects: Map<string, string>;
  /** All dictionaries that may name the root: trailers, and those of the streams that replace them. */
  outside: string;
}

function readObjects(text: string, content: Buffer): PdfObjects {
  const objects = new Map<string, string>();
  let outside = '';
  // Bounded: a file of nothing but digits would take hours.
  const start = /(?<!\d)(\d{1,10})\s{1,20}\d{1,10}\s{1,20}obj\b/g;
  let position = 0;
  for (let match = start.exec(text); match !== null && objects.size < MAX_OBJECTS; match = start.exec(text)) {
    outside += text.slice(position, match.index);
    const { body, streamStart, end } = readObject(text, start.lastIndex);
    objects.set(match[1] ?? '', body);
    if (streamStart !== undefined && /\/Type\s*\/XRef\b/.test(body)) outside += body;
    if (streamStart !== undefined && /\/Type\s*\/ObjStm\b/.test(body))
      readObjectStream(body, content.subarray(streamStart, end), objects);
    // What is in a stream may look like objects: a PDF that is attached to this one.
    start.lastIndex = end;
    position = end;
  }
  return { objects, outside: outside + text.slice(position) };
}

/** The text of one object up to its stream, and where the object ends. */
function readObject(text: string, from: number): { body: string; streamStart?: number; end: number } {
  const keyword = /\bendobj\b|\bstream(?=\r?\n)/g;
  keyword.lastIndex = from;
  const found = keyword.exec(text);
  if (found === null) return { body: text.slice(from, from + 10_000), end: text.length };
  const body = text.slice(from, found.index);
  if (found[0] === 'endobj') return { body, end: keyword.lastIndex };
  const streamStart = keyword.lastIndex + (text[keyword.lastIndex] === '\r' ? 2 : 1);
  const length = /\/Length\s+(\d+)(?!\s+\d+\s+R)/.exec(body)?.[1];
  const stated = streamStart + Number(length ?? 0);
  // A length that is wrong, or in another object.
  const isRight =
    length !== undefined &&
    text
      .slice(stated, stated + 20)
      .trimStart()
      .startsWith('endstream');
  const end = isRight ? stated : text.indexOf('endstream', streamStart);
  return { body, streamStart, end: end === -1 ? text.length : end };
}

/** Objects that are compressed together: first their numbers and places, then their texts. One that can't be read has none. */
function readObjectStream(body: string, stream: Buffer, objects: Map<string, string>): void {
  const [count, first] = ['N', 'First'].map((name) => Number(new RegExp(`/${name}\\s+(\\d+)`).exec(body)?.[1]));
  if (count === undefined || first === undefined || !Number.isInteger(count) || !Number.isInteger(first)) return;
  const text = inflate(body, stream);
  if (text === undefined) return;
  const numbers = text.slice(0, first).trim().split(/\s+/);
  for (let index = 0; index < Math.min(count, MAX_OBJECTS); index += 1) {
    const [number, offset, next] = [2 * index, 2 * index + 1, 2 * index + 3].map((place) => numbers[place]);
    if (number === undefined || offset === undefined) return;
    const end = next === undefined || index === count - 1 ? text.length : first + Number(next);
    objects.set(number, text.slice(first + Number(offset), end));
  }
}

function inflate(body: string, stream: Buffer): string | undefined {
  if (!/\/Filter/.test(body)) return stream.toString('latin1');
  if (!/\/Filter\s*\[?\s*\/FlateDecode\s*\]?/.test(body) || /\/DecodeParms/.test(body)) return undefined;
  try {
    return inflateSync(stream, { maxOutputLength: MAX_INFLATED_BYTES }).toString('latin1');
  } catch {
    return undefined;
  }
}
