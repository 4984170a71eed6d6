/** A page of a parse result in Markdown, as LlamaCloud sends it. */
interface MarkdownPage {
  page_number: number;
  success?: boolean | undefined;
  markdown?: unknown;
  error?: unknown;
}

/** A page that failed leaves a mark in the document: a gap that nobody sees is worse than an ugly line. */
export function markdownOf(page: MarkdownPage): string {
  if (page.success === false)
    return `<!-- page ${page.page_number} could not be parsed: ${String(page.error).replaceAll('--', '- -')} -->`;
  return String(page.markdown);
}

/** Pages as one document. One page stays as it is, to the byte. */
export function joined(pages: readonly string[]): string {
  return pages.join('\n\n');
}
