import { ConnectionError, HttpStatusError, IncompleteDocumentError, type JobResult } from '../../llamacloud/index.js';
import type { Content } from '../../outputs/index.js';
import type { CollectFormat } from '../../protocol/index.js';
import { ResultMissing } from '../support/result-missing.js';
import { downloadedDocument } from './downloaded-document.js';
import { renderPages } from './render-pages.js';

/** Downloads a presigned URL, lazily; `sizeBytes` is what LlamaCloud says of its size. */
type Download = (presignedUrl: string, sizeBytes: number | undefined) => AsyncIterable<Uint8Array>;

/** Asks in one request for the document inline, for its presigned URL where it is too large for that, and for its cost. */
export function expandFields(format: CollectFormat): string[] {
  return format === 'record' ? ['usage'] : [format, `${format}_content_metadata`, 'usage'];
}

/**
 * What is to be stored of a completed job: the inline document, or a stream from its presigned URL.
 *
 * @throws ResultMissing, also from the stream, where there is no document yet or its URL no longer works: the next attempt
 * gets a new URL.
 */
export function documentContent(result: JobResult, format: CollectFormat, download: Download): Content {
  const inline = inlineDocument(result, format);
  if (inline !== undefined) return inline;
  const metadata = result.type === 'parse_v2' ? result.result_content_metadata?.[format] : undefined;
  if (metadata?.presigned_url == null) {
    const hint = format === 'markdown' ? '; the tier "fast" makes text only' : '';
    throw new ResultMissing(`it is COMPLETED but has no ${format}${hint}`);
  }
  return streamDocument(download(metadata.presigned_url, metadata.size_bytes), format);
}

async function* streamDocument(content: AsyncIterable<Uint8Array>, format: CollectFormat): AsyncGenerator<Uint8Array> {
  let hasBegun = false;
  async function* watched() {
    for await (const chunk of content) {
      hasBegun = true;
      yield chunk;
    }
  }
  try {
    yield* downloadedDocument(watched(), format);
  } catch (error) {
    // A download that breaks off each time is a document that is never whole: that is no service that is down.
    if (!isFixedByNewUrl(error) && !(hasBegun && error instanceof ConnectionError)) throw error;
    const message = `it is COMPLETED but its document can't be downloaded: ${error.message}`;
    throw new ResultMissing(message, { cause: error });
  }
}

/** A presigned URL has its own permissions and expiry: a refusal says nothing about the API key. */
function isFixedByNewUrl(error: unknown): error is HttpStatusError | IncompleteDocumentError {
  if (error instanceof HttpStatusError) return [400, 401, 403, 404, 410].includes(error.status);
  return error instanceof IncompleteDocumentError;
}

function inlineDocument(result: JobResult, format: CollectFormat): string | undefined {
  if (result.type === 'extract_v2')
    return result.job.extract_result == null ? undefined : toJson(result.job.extract_result);
  if (format === 'markdown' || format === 'text') {
    const pages = result[format]?.pages;
    return pages === undefined ? undefined : renderPages(pages, format);
  }
  return result.items == null ? undefined : toJson(result.items);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
