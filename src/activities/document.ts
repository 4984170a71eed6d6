import { ApplicationFailure } from '@temporalio/common';
import type { JobResult } from '../llamacloud/index.js';
import type { Content } from '../outputs/index.js';
import type { CollectFormat } from '../protocol/index.js';

/** A result may lag behind its status; after this it is not coming, in milliseconds. */
const RESULT_LAG_MS = 120_000;

const EXTENSIONS = { markdown: 'md', text: 'txt', items: 'json', record: 'json' } as const satisfies Record<
  CollectFormat,
  string
>;

/** The document inline where it fits, its presigned URL where it does not, and what it cost: all in one request. */
export function expandOf(format: CollectFormat): string[] {
  return format === 'record' ? ['usage'] : [format, `${format}_content_metadata`, 'usage'];
}

/** What is to be stored of a completed job. */
export async function contentOf(
  result: JobResult,
  format: CollectFormat,
  options: { waitedMs: number; download: (presignedUrl: string) => Promise<Content> },
): Promise<{ content: Content; extension: string }> {
  const extension = EXTENSIONS[format];
  const inline = inlineOf(result, format);
  if (inline !== undefined) return { content: inline, extension };
  const url = result.type === 'parse_v2' ? result.result_content_metadata?.[format]?.presigned_url : undefined;
  if (url != null) return { content: await options.download(url), extension };
  throw missing(result.job.id, format, options.waitedMs);
}

function inlineOf(result: JobResult, format: CollectFormat): string | undefined {
  if (result.type === 'extract_v2')
    return result.job.extract_result == null ? undefined : json(result.job.extract_result);
  if (format === 'markdown') return result.markdown == null ? undefined : joined(result.markdown.pages.map(markdownOf));
  if (format === 'text') return result.text == null ? undefined : joined(result.text.pages.map((page) => page.text));
  return result.items == null ? undefined : json(result.items);
}

type MarkdownPage = NonNullable<Extract<JobResult, { type: 'parse_v2' }>['markdown']>['pages'][number];

/** A page that failed leaves a mark in the document: a gap that nobody sees is worse than an ugly line. */
function markdownOf(page: MarkdownPage): string {
  if (page.success === false)
    return `<!-- page ${page.page_number} could not be parsed: ${String(page.error).replaceAll('--', '- -')} -->`;
  return String(page.markdown);
}

function joined(pages: readonly string[]): string {
  const text = pages.join('\n\n');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function missing(jobId: string, format: CollectFormat, waitedMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'UnexpectedResponse',
    message: `job ${jobId} is COMPLETED but has no ${format}${format === 'markdown' ? '; the tier "fast" makes text only' : ''}`,
    nonRetryable: waitedMs >= RESULT_LAG_MS,
  });
}
