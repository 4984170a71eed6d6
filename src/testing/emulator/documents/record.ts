import type { ParsedDocument } from './parsed.js';

/** The `extract_result` of a document. */
export interface DocumentRecord {
  /** The first heading, else the first line that is not empty, else the file's name. */
  readonly title: string;
  readonly pages: number;
  readonly words: number;
}

const MAX_TITLE_CHARACTERS = 120;

/**
 * A small record of a document, always the same for the same document. It replaces a real extraction, which would need a
 * schema and a model.
 */
export function extractRecord(document: ParsedDocument, fileName: string): DocumentRecord {
  const text = document.pages.map(({ text }) => text);
  const title = firstHeading(document) ?? firstLine(text) ?? fileName;
  return {
    title: Array.from(title).slice(0, MAX_TITLE_CHARACTERS).join(''),
    pages: document.pages.length,
    words: text.reduce((sum, page) => sum + countWords(page), 0),
  };
}

function firstHeading(document: ParsedDocument): string | undefined {
  for (const { markdown } of document.pages) {
    const heading = /^#{1,6}[ \t]+(\S[^\n]*)$/m.exec(markdown)?.[1];
    if (heading !== undefined) return heading.trim();
  }
  return undefined;
}

function firstLine(pages: readonly string[]): string | undefined {
  for (const page of pages) {
    const line = /\S[^\n]*/.exec(page)?.[0];
    if (line !== undefined) return line.trim();
  }
  return undefined;
}

/** Counts without an array of the words: a document may have millions. */
function countWords(text: string): number {
  let words = 0;
  let inWord = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const isSpace = code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0x3000;
    if (!isSpace && !inWord) words += 1;
    inWord = !isSpace;
  }
  return words;
}
