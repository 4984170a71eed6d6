import type { DocumentPage } from '../../llamacloud/index.js';
import { redactUrls } from '../../protocol/index.js';
import { ResultMissing } from '../support/result-missing.js';

/** Formats whose result is a text for each page. */
export type TextFormat = 'markdown' | 'text';

const MAX_ERROR_LENGTH = 300;

/** Stands between two pages, and not at the end: the document of a single page is exactly its text. */
export const PAGE_SEPARATOR = '\n\n';

/**
 * Renders one page. A page that could not be parsed becomes a note, so that readers see that it is missing.
 *
 * @throws ResultMissing for any other page without text, so that no document with a gap counts as complete.
 */
export function renderPage(page: DocumentPage, format: TextFormat): string {
  const name = `page ${page.page_number ?? '(no number)'}`;
  if (page.success !== false) {
    const text = page[format];
    if (text === undefined) throw new ResultMissing(`it is COMPLETED but ${name} has no ${format} and no error`);
    return text;
  }
  const reason = redactUrls(page.error ?? 'LlamaCloud gave no reason').slice(0, MAX_ERROR_LENGTH);
  const note = `${name} could not be parsed: ${reason.replace(/\s+/g, ' ')}`;
  // `--` would end the comment in Markdown.
  return format === 'markdown' ? `<!-- ${note.replace(/-(?=-)/g, '- ')} -->` : `[${note}]`;
}

/** Joins the pages to one document. */
export function renderPages(pages: readonly DocumentPage[], format: TextFormat): string {
  return pages.map((page) => renderPage(page, format)).join(PAGE_SEPARATOR);
}
