import { HttpStatusError, type JobResult } from '../llamacloud/index.js';
import type { Content } from '../outputs/index.js';
import type { CollectFormat } from '../protocol/index.js';
import { downloadedDocument } from './downloaded-document.js';
import { joined, markdownOf } from './pages.js';
import { ResultMissing } from './result-missing.js';

type Download = (presignedUrl: string) => Promise<AsyncIterable<Uint8Array>>;

/** Where the document of a file goes. */
export function documentKey(batchId: string, fileId: string, format: CollectFormat): string[] {
  return [batchId, `${fileId}.${EXTENSIONS[format]}`];
}

const EXTENSIONS = { markdown: 'md', text: 'txt', items: 'json', record: 'json' } as const satisfies Record<
  CollectFormat,
  string
>;

/** The document inline where it fits, its presigned URL where it does not, and what it cost: all in one request. */
export function expandOf(format: CollectFormat): string[] {
  return format === 'record' ? ['usage'] : [format, `${format}_content_metadata`, 'usage'];
}

/** What is to be stored of a completed job. */
export async function contentOf(result: JobResult, format: CollectFormat, download: Download): Promise<Content> {
  const inline = inlineOf(result, format);
  if (inline !== undefined) return inline;
  const url = result.type === 'parse_v2' ? result.result_content_metadata?.[format]?.presigned_url : undefined;
  if (url != null) return downloadedDocument(await fresh(download, url), format);
  const hint = format === 'markdown' ? '; the tier "fast" makes text only' : '';
  throw new ResultMissing(`it is COMPLETED but has no ${format}${hint}`);
}

/** A presigned URL has its own rights and its own end: a refusal says nothing of the key, and the next look brings a new one. */
async function fresh(download: Download, url: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await download(url);
  } catch (error) {
    if (error instanceof HttpStatusError && [400, 401, 403, 404, 410].includes(error.status))
      throw new ResultMissing(`it is COMPLETED but its document can't be downloaded: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

function inlineOf(result: JobResult, format: CollectFormat): string | undefined {
  if (result.type === 'extract_v2')
    return result.job.extract_result == null ? undefined : json(result.job.extract_result);
  if (format === 'markdown') return result.markdown == null ? undefined : joined(result.markdown.pages.map(markdownOf));
  if (format === 'text') return result.text == null ? undefined : joined(result.text.pages.map(({ text }) => text));
  return result.items == null ? undefined : json(result.items);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
