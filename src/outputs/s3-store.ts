import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { OutputError } from './output-error.js';
import { statusOf, toS3Error } from './s3-error.js';
import { abortUpload, S3Upload, toParts } from './s3-upload.js';
import { toDistinctName } from './safe-name.js';
import { type Content, type OutputStore, type StoredObject, toChunks, type WriteOptions } from './store.js';
import { parseStoreId, STORE_ID_NAME } from './store-id.js';

/** No activity of this package runs longer than 30 minutes. */
const ABANDONED_AFTER_MS = 24 * 60 * 60_000;

/** More than this is left for the next check. A page has up to 1,000 uploads. */
const MAX_PAGES = 20;

/** Objects of the store itself. Their names start with a dot, unlike those of documents and folders. */
const PROBE_NAME = '.probe';
const MISSING_NAME = '.missing';

/** Writes to a bucket of S3, or of a server that speaks its API. */
export class S3Store implements OutputStore {
  readonly root: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  /** @param prefix Without slashes at its ends. Empty for the whole bucket. */
  constructor(client: S3Client, { bucket, prefix }: { bucket: string; prefix: string }) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.root = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  /**
   * Writes an object `.probe`, which stays there so that a worker needs no permission to delete, and reads it. Reads or creates the id. Also removes the parts of
   * uploads under the prefix that were started more than 24 hours ago: their writers were killed.
   */
  async check(): Promise<void> {
    try {
      await this.#client.send(new PutObjectCommand({ ...this.#object(PROBE_NAME), Body: 'x' }));
      if ((await this.#readText(PROBE_NAME)) !== 'x') throw new Error('it does not return what was written');
      // Without the permission to list the bucket, S3 responds with 403 here instead of 404.
      await this.#readText(MISSING_NAME);
    } catch (error) {
      throw new OutputError('write to', this.root, toS3Error(error));
    }
    await this.id();
    await this.#removeAbandonedUploads().catch(() => undefined);
  }

  /** Kept in the object `.store-id` under the prefix. */
  async id(): Promise<string> {
    try {
      const id = (await this.#readText(STORE_ID_NAME)) ?? (await this.#createId());
      return parseStoreId(id, `${this.root}/${STORE_ID_NAME}`);
    } catch (error) {
      throw new OutputError('read the id of', this.root, toS3Error(error));
    }
  }

  async write(key: readonly string[], content: Content, { signal }: WriteOptions = {}): Promise<StoredObject> {
    const location = this.locate(key);
    signal?.throwIfAborted();
    const digest = createHash('sha256');
    let bytes = 0;
    const upload = new S3Upload(this.#client, this.#object(this.#name(key)), signal);
    try {
      // Wrap only requests in `OutputError`. An error from reading the content is thrown unchanged. If a request fails, `for await` closes
      // the content.
      for await (const part of toParts(toChunks(content))) {
        signal?.throwIfAborted();
        digest.update(part.body);
        bytes += part.body.byteLength;
        await upload.add(part).catch((error: unknown) => {
          throw signal?.aborted ? signal.reason : new OutputError('write', location, toS3Error(error));
        });
      }
    } catch (error) {
      await upload.discard();
      throw error;
    }
    return { location, bytes, sha256: digest.digest('hex') };
  }

  async read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined> {
    const location = this.locate(key);
    try {
      const body = await this.#get(this.#name(key));
      return body === undefined ? undefined : readChunks(body, location);
    } catch (error) {
      throw new OutputError('read', location, toS3Error(error));
    }
  }

  async size(key: readonly string[]): Promise<number | undefined> {
    const location = this.locate(key);
    try {
      const { ContentLength } = await this.#client.send(new HeadObjectCommand(this.#object(this.#name(key))));
      return ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new OutputError('read', location, toS3Error(error));
    }
  }

  locate(key: readonly string[]): string {
    return `${this.root}/${this.#name(key)}`;
  }

  async remove(key: readonly string[]): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand(this.#object(this.#name(key))));
    } catch (error) {
      throw new OutputError('remove', this.locate(key), toS3Error(error));
    }
  }

  /** The part of an object's key that comes after the prefix. */
  #name(key: readonly string[]): string {
    if (key.length === 0) throw new TypeError('a key needs at least one name');
    return key.map(toDistinctName).join('/');
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${name}` };
  }

  async #get(name: string): Promise<Readable | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#object(name)));
      if (!(Body instanceof Readable)) throw new Error('the response has no body');
      return Body;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #readText(name: string): Promise<string | undefined> {
    const body = await this.#get(name);
    if (body === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Of several workers, one creates the id that all of them read. */
  async #createId(): Promise<string> {
    try {
      const create = { ...this.#object(STORE_ID_NAME), Body: `${randomUUID()}\n`, IfNoneMatch: '*' };
      await this.#client.send(new PutObjectCommand(create));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    // Read again, also after success: a server that ignores the condition lets the last worker win.
    const id = await this.#readText(STORE_ID_NAME);
    if (id === undefined) throw new Error(`${STORE_ID_NAME} was created and is gone`);
    return id;
  }

  async #removeAbandonedUploads(): Promise<void> {
    const list = { Bucket: this.#bucket, ...(this.#prefix === '' ? {} : { Prefix: this.#prefix }) };
    let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (let page = 0; page < MAX_PAGES; page++) {
      const { Uploads, IsTruncated, NextKeyMarker, NextUploadIdMarker } = await this.#client.send(
        new ListMultipartUploadsCommand({ ...list, ...markers }),
      );
      for (const { Key, UploadId, Initiated } of Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
        if (Date.now() - Initiated.getTime() <= ABANDONED_AFTER_MS) continue;
        await abortUpload(this.#client, { Bucket: this.#bucket, Key, UploadId }).catch(() => undefined);
      }
      if (!IsTruncated || NextKeyMarker === undefined) return;
      markers = {
        KeyMarker: NextKeyMarker,
        ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
      };
    }
  }
}

async function* readChunks(body: Readable, location: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new OutputError('read', location, toS3Error(error));
  }
}

/** A request for the size has no body in its response, so it says only 404. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name !== 'NoSuchBucket' && statusOf(error) === 404;
}

/** Another worker has created the object, or is just creating it. */
function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || status === 409;
}
