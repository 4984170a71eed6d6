import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** S3's minimum for all parts but the last. A write holds one part in memory. With S3's limit of 10,000 parts, an object has up to 50 GB. */
const PART_BYTES = 5 * 1024 * 1024;

/** The time for the request that removes the parts of a failed write, in milliseconds. The next check removes what is left. */
const ABORT_TIMEOUT_MS = 10_000;

/** A part of a content, of 5 MiB unless it is the last one. */
export interface Part {
  readonly body: Uint8Array;
  readonly isLast: boolean;
}

/** Cuts a content into parts. There is at least one, which may be empty. */
export async function* toParts(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Part> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of content) {
    let rest = chunk;
    // A full part is held until more comes: it may be the last one.
    while (heldBytes + rest.byteLength > PART_BYTES) {
      const head = rest.subarray(0, PART_BYTES - heldBytes);
      yield { body: Buffer.concat([...held, head]), isLast: false };
      rest = rest.subarray(head.byteLength);
      held = [];
      heldBytes = 0;
    }
    held.push(rest);
    heldBytes += rest.byteLength;
  }
  yield { body: Buffer.concat(held), isLast: true };
}

/**
 * The upload of one object: with one request if it has one part, in several parts otherwise. Readers see nothing before the end of the last
 * `add`. Finish a failed upload with `discard`.
 *
 * Not with `Upload` of `@aws-sdk/lib-storage`: its `abort` does not end the request that is under way, and returns before the parts are
 * removed.
 */
export class S3Upload {
  readonly #client: S3Client;
  readonly #target: { readonly Bucket: string; readonly Key: string };
  readonly #signal: AbortSignal | undefined;
  readonly #parts: CompletedPart[] = [];
  #uploadId: string | undefined;

  /** @param signal Ends the request that is under way. */
  constructor(client: S3Client, target: { Bucket: string; Key: string }, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#target = target;
    this.#signal = signal;
  }

  async add({ body, isLast }: Part): Promise<void> {
    if (isLast && this.#uploadId === undefined) {
      await this.#client.send(new PutObjectCommand({ ...this.#target, Body: body }), this.#options());
      return;
    }
    const UploadId = await this.#begin();
    const part = { ...this.#target, UploadId, PartNumber: this.#parts.length + 1 };
    const { ETag, ...result } = await this.#client.send(
      new UploadPartCommand({ ...part, Body: body }),
      this.#options(),
    );
    if (ETag === undefined) throw new Error('the response to a part has no ETag');
    const checksum = result.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: result.ChecksumCRC32 };
    this.#parts.push({ ETag, PartNumber: part.PartNumber, ...checksum });
    if (!isLast) return;
    const complete = { ...this.#target, UploadId, MultipartUpload: { Parts: this.#parts } };
    await this.#client.send(new CompleteMultipartUploadCommand(complete), this.#options());
    this.#uploadId = undefined;
  }

  /** Removes the parts. Never throws: what can't be removed now is removed when a worker starts. */
  async discard(): Promise<void> {
    if (this.#uploadId === undefined) return;
    await abortUpload(this.#client, { ...this.#target, UploadId: this.#uploadId }).catch(() => undefined);
  }

  /** A signal for each request: the SDK does not remove its listener from it. */
  #options(): { abortSignal?: AbortSignal } {
    return this.#signal === undefined ? {} : { abortSignal: AbortSignal.any([this.#signal]) };
  }

  async #begin(): Promise<string> {
    if (this.#uploadId !== undefined) return this.#uploadId;
    const checksums = await this.#client.config.requestChecksumCalculation();
    const algorithm = checksums === 'WHEN_SUPPORTED' ? { ChecksumAlgorithm: 'CRC32' as const } : {};
    const create = new CreateMultipartUploadCommand({ ...this.#target, ...algorithm });
    const { UploadId } = await this.#client.send(create, this.#options());
    if (UploadId === undefined) throw new Error('the response to the start of an upload has no id');
    this.#uploadId = UploadId;
    return UploadId;
  }
}

/** Removes the parts of an upload. Not ended by the signal of an activity: a write that is aborted must not leave parts. */
export async function abortUpload(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string },
): Promise<void> {
  await client.send(new AbortMultipartUploadCommand(upload), { requestTimeout: ABORT_TIMEOUT_MS });
}
