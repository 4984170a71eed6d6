/** How many pages LlamaCloud will find in a file, before it is sent. */
import type { Range } from '../../protocol/index.js';
import { type CorpusSource, type SourceFile, SourceFileError } from '../../sources/index.js';
import { countPdfPages } from './pdf-pages.js';

/** Larger files are not read to count their pages: they are in memory as a whole. */
const MAX_COUNTED_BYTES = 64 * 1024 * 1024;

/** Assumption: LlamaCloud does not say how it divides a text into pages. A page that is full has some 3,000 characters. */
const MIN_TEXT_PAGE_BYTES = 2_000;

/** Assumption, for documents with fonts, layout and pictures, which are compressed. */
const MIN_PAGE_BYTES = 10_000;

const IMAGES: ReadonlySet<string> = new Set('jpg jpeg png bmp webp heic heif svg'.split(' '));
const TEXTS: ReadonlySet<string> = new Set('txt md markdown html htm web xml csv tsv rtf'.split(' '));
const SLIDES: ReadonlySet<string> = new Set('pptx pptm potx potm'.split(' '));
/** LlamaCloud bills them by the minute. */
const AUDIO: ReadonlySet<string> = new Set('mp3 mp4 wav m4a webm mpeg mpga'.split(' '));

/** The pages of a file. */
export interface PageCount {
  pages: Range;
  /** Whether they were counted in the file, not assumed. */
  isCounted: boolean;
}

/**
 * Counts the pages of a PDF and the slides of a presentation, which are read for it. Those of other files are assumed: one for a picture, and one or
 * more for any other, as its size allows.
 *
 * @returns `undefined` for what LlamaCloud does not bill by the page: audio.
 */
export async function countPages(
  source: CorpusSource,
  { path, size }: Pick<SourceFile, 'path' | 'size'>,
  signal: AbortSignal,
): Promise<PageCount | undefined> {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  if (AUDIO.has(extension)) return undefined;
  const count = findCounter(extension);
  if (count !== undefined && size <= MAX_COUNTED_BYTES) {
    const pages = await readCount(source, path, signal, count);
    if (pages !== undefined) return { pages: { low: pages, high: pages }, isCounted: true };
  }
  if (IMAGES.has(extension)) return { pages: { low: 1, high: 1 }, isCounted: false };
  const bytes = TEXTS.has(extension) ? MIN_TEXT_PAGE_BYTES : MIN_PAGE_BYTES;
  return { pages: { low: 1, high: Math.max(1, Math.ceil(size / bytes)) }, isCounted: false };
}

type Counter = (content: Buffer) => number | undefined;

function findCounter(extension: string): Counter | undefined {
  if (extension === 'pdf') return countPdfPages;
  return SLIDES.has(extension) ? countSlides : undefined;
}

/** The names of the parts of a presentation are not compressed. Each is there twice: with the part, and in the list at the end. */
function countSlides(content: Buffer): number | undefined {
  const names = content.toString('latin1').matchAll(/ppt\/slides\/slide(\d+)\.xml/g);
  const slides = new Set(Array.from(names, ([, number]) => number));
  return slides.size === 0 ? undefined : slides.size;
}

/** A file that can't be read is a matter of its upload, which says so. */
async function readCount(
  source: CorpusSource,
  path: string,
  signal: AbortSignal,
  count: Counter,
): Promise<number | undefined> {
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of (await source.open(path, { signal })).content) {
      signal.throwIfAborted();
      bytes += chunk.byteLength;
      // It has grown since it was listed.
      if (bytes > MAX_COUNTED_BYTES) return undefined;
      chunks.push(chunk);
    }
    return count(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof SourceFileError) return undefined;
    throw error;
  }
}
