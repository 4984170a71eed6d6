import { ConnectionError, HttpStatusError, IncompleteDocumentError, type JobResult } from '../../llamacloud/index.js';
import type { Content } from '../../outputs/index.js';
import type { CollectFormat } from '../../protocol/index.js';
import { ResultMissing } from '../support/result-missing.js';
import { renderDownload } from './render-download.js';
import { renderPages } from './render-pages.js';

/** Downloads a presigned URL once it is read; `sizeBytes` is the size that LlamaCloud gives, if any. */
type Download = (presignedUrl: string, sizeBytes: number | undefined) => AsyncIterable<Uint8Array>;

/** What to expand: the document itself, its presigned URL in case it is too large to come inline, and the credits. */
export function expandFields(format: CollectFormat): string[] {
  return format === 'record' ? ['usage'] : [format, `${format}_content_metadata`, 'usage'];
}

/**
 * The document of a completed job: the inline one, or a stream from its presigned URL.
 *
 * @throws ResultMissing, from the call or from the stream, if there is no document yet, its URL has expired, or a page is malformed. The
 * next attempt gets a new URL.
 */
export function toContent(result: JobResult, format: CollectFormat, download: Download): Content {
  const metadata = result.type === 'parse_v2' ? result.result_content_metadata?.[format] : undefined;
  const inline = findInlineDocument(result, format, metadata?.size_bytes);
  if (inline !== undefined) return inline;
  if (metadata?.presigned_url == null) {
    const hint = format === 'markdown' ? `; the parse tier "fast" has no Markdown: use collect: 'text'` : '';
    throw new ResultMissing(`it is COMPLETED but has no ${format}${hint}`);
  }
  return streamDocument(download(metadata.presigned_url, metadata.size_bytes), format);
}

async function* streamDocument(content: AsyncIterable<Uint8Array>, format: CollectFormat): AsyncGenerator<Uint8Array> {
  let hasStarted = false;
  async function* observeStart() {
    for await (const chunk of content) {
      hasStarted = true;
      yield chunk;
    }
  }
  try {
    yield* renderDownload(observeStart(), format);
  } catch (error) {
    // A connection that breaks during each download is a problem of the document, not an outage: it must not be retried forever.
    if (!isFixedByNewUrl(error) && !(hasStarted && error instanceof ConnectionError)) throw error;
    const message = `it is COMPLETED but its document can't be downloaded: ${error.message}`;
    throw new ResultMissing(message, { cause: error });
  }
}

/** A presigned URL has its own permissions and expiry, so a 403 does not mean that the API key is rejected. */
function isFixedByNewUrl(error: unknown): error is HttpStatusError | IncompleteDocumentError {
  if (error instanceof HttpStatusError) return [400, 401, 403, 404, 410].includes(error.status);
  return error instanceof IncompleteDocumentError;
}

/** @param sizeBytes Size that LlamaCloud gives: if there is one, a result without pages is not the document. */
function findInlineDocument(result: JobResult, format: CollectFormat, sizeBytes = 0): string | undefined {
  if (result.type === 'extract_v2')
    return result.job.extract_result == null ? undefined : toJson(result.job.extract_result);
  const isText = format === 'markdown' || format === 'text';
  const inline = isText ? result[format] : result.items;
  if (inline == null || (inline.pages.length === 0 && sizeBytes > 0)) return undefined;
  return isText ? renderPages(result[format]?.pages ?? [], format) : toJson(inline);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
