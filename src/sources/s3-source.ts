import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { isOfEveryRequest, statusOf, toS3Error } from '../outputs/s3-error.js';
import type { CorpusSource, ListOptions, OpenedSourceFile, SourceEntry } from './source.js';
import { SourceError, SourceFileError } from './source-error.js';

/** The objects of a bucket, or of those whose key begins with a prefix. */
export class S3Source implements CorpusSource {
  readonly location: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #pageSize: number;

  /**
   * @param prefix Without slashes at its ends. Empty for the whole bucket.
   * @param pageSize Objects in a page of the list. Default 1,000, which is also S3's limit.
   */
  constructor(client: S3Client, { bucket, prefix }: { bucket: string; prefix: string }, pageSize = 1_000) {
    this.#pageSize = pageSize;
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  async *list({ after = '', signal }: ListOptions = {}): AsyncGenerator<SourceEntry> {
    const start = after === '' ? {} : { StartAfter: `${this.#prefix}${after}` };
    const prefix = this.#prefix === '' ? {} : { Prefix: this.#prefix };
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(
          // Keys may have characters that XML can't hold.
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            EncodingType: 'url',
            MaxKeys: this.#pageSize,
            ...prefix,
            ...(token === undefined ? start : { ContinuationToken: token }),
          }),
          toOptions(signal),
        )
        .catch((error: unknown) => {
          throw signal?.aborted ? signal.reason : new SourceError('list', this.location, toS3Error(error));
        });
      const isEncoded = page.EncodingType === 'url';
      for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
        const key = isEncoded ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
        const path = key.slice(this.#prefix.length);
        // Programs put empty objects there to show folders.
        const isFolder = path === '' || (path.endsWith('/') && Size === 0);
        if (!isFolder) yield { path, size: Size, changeToken: ETag };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async open(path: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<OpenedSourceFile> {
    try {
      const get = new GetObjectCommand({ Bucket: this.#bucket, Key: `${this.#prefix}${path}` });
      const { Body, ContentLength: size, ETag = '' } = await this.#client.send(get, toOptions(signal));
      if (!(Body instanceof Readable) || size === undefined) throw new Error('the response has no body');
      return { size, changeToken: ETag, content: readWhole(Body, size) };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const reason = toS3Error(error);
      if (isOfObject(error)) throw new SourceFileError(reason.message, reason);
      throw new SourceError('read', this.location, reason);
    }
  }
}

/** It is gone, archived, may not be read, or is encrypted with a key that the worker does not have. The others can be read. */
function isOfObject(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  return error instanceof Error && status >= 400 && status < 500 && !isOfEveryRequest(error);
}

/** An object is replaced as a whole, so it does not change while it is read. */
async function* readWhole(body: Readable, size: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new SourceFileError(toS3Error(error).message, error);
  }
  if (bytes !== size) throw new SourceFileError(`${bytes} of its ${size} bytes arrived`);
}

/** A signal for each request: the SDK does not remove its listener from it. */
function toOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: AbortSignal.any([signal]) };
}
