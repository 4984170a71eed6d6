import { pageItems } from './items.js';
import type { ParsedDocument } from './parsed.js';

/** The forms of a parsed document, by their `expand` values. */
export const RESULT_TYPES = ['text', 'markdown', 'items', 'metadata', 'text_full', 'markdown_full'] as const;
export type ResultType = (typeof RESULT_TYPES)[number];

/** Whether a form is plain text; the others are JSON. */
export function isPlainText(type: ResultType): type is 'text_full' | 'markdown_full' {
  return type === 'text_full' || type === 'markdown_full';
}

/** A document in one of its forms, as the API sends it. */
export function renderResult(document: ParsedDocument, type: ResultType): unknown {
  const pages = document.pages.map((page, index) => ({ ...page, page_number: index + 1 }));
  switch (type) {
    case 'text_full':
      return pages.map(({ text }) => text).join('\n\n');
    case 'markdown_full':
      return pages.map(({ markdown }) => markdown).join('\n\n');
    case 'text':
      return { pages: pages.map(({ page_number, text }) => ({ page_number, text })) };
    case 'markdown':
      return {
        pages: pages.map(({ page_number, markdown }) => ({
          page_number,
          markdown,
          success: true,
          header: null,
          footer: null,
        })),
      };
    case 'items':
      return {
        pages: pages.map(({ page_number, markdown, width, height }) => ({
          page_number,
          items: pageItems(markdown),
          page_width: width,
          page_height: height,
          success: true,
        })),
      };
    case 'metadata':
      return { pages: pages.map(({ page_number }) => ({ page_number, confidence: null, printed_page_number: null })) };
  }
}

/** The body of the presigned download of a form. */
export function resultBytes(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
