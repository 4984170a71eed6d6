import type { ResultPage } from '../../llamacloud/index.js';
import { redactUrls } from '../../protocol/index.js';

/** Formats whose results are pages of text. */
export type TextFormat = 'markdown' | 'text';

const MAX_ERROR_LENGTH = 300;

/** Between two pages. A document of one page is that page, to the byte. */
export const PAGE_SEPARATOR = '\n\n';

/** A page as it stands in the document. A page without text leaves a mark, so that the gap can be seen. */
export function renderPage(page: ResultPage, format: TextFormat): string {
  const text = page[format];
  if (page.success !== false && text !== undefined) return text;
  const reason = redactUrls(page.error ?? `it has no ${format}`).slice(0, MAX_ERROR_LENGTH);
  const mark = `page ${page.page_number ?? '(no number)'} could not be parsed: ${reason.replace(/\s+/g, ' ')}`;
  // `--` would end the comment in Markdown.
  return format === 'markdown' ? `<!-- ${mark.replace(/-(?=-)/g, '- ')} -->` : `[${mark}]`;
}

/** Pages as one document. */
export function renderPages(pages: readonly ResultPage[], format: TextFormat): string {
  return pages.map((page) => renderPage(page, format)).join(PAGE_SEPARATOR);
}
