/** What the tests of the S3 store share: a bucket and a proxy for each test, and what is in the bucket. */
import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createS3Client } from '../../../src/outputs/s3-client.js';
import { S3Store } from '../../../src/outputs/s3-store.js';
import { type Fault, type S3Proxy, startS3Proxy } from './proxy.js';
import { createBucket, createTestClient, startS3Server, useS3 } from './server.js';

export const PREFIX = 'team a/ü';
export const KEY = ['bat-1', 'dfl-1.md'];
export const MIB = 1024 * 1024;

/** Address of the server, and a client of it. */
export let server: string;
export let client: S3Client;
/** The bucket and the proxy of the test. */
export let bucket: string;
export let proxy: S3Proxy;

/** Call it once in a test file. */
export function setUpS3(): void {
  beforeAll(async () => {
    server = await startS3Server();
    client = createTestClient(server);
  });

  afterAll(() => client.destroy());

  beforeEach(async () => {
    bucket = await createBucket();
    proxy = await startS3Proxy(server);
    useS3(proxy.url);
  });
}

/** A store behind the proxy, as another worker opens it. */
export async function openStore({ prefix = PREFIX } = {}): Promise<S3Store> {
  return new S3Store(await createS3Client(), { bucket, prefix });
}

/** Keys in the bucket. */
export async function keys(): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = '' }) => Key);
}

/** Keys of uploads that are not finished: their parts cost money. */
export async function uploads(): Promise<string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key = '' }) => Key);
}

/** Content of 1 MiB chunks that counts them, and says whether it was closed. */
export function megabytes(count: number, onEnd: () => void = () => undefined) {
  const seen = { chunks: 0, isClosed: false };
  async function* content() {
    try {
      while (seen.chunks < count) {
        seen.chunks++;
        yield Buffer.alloc(MIB, `${seen.chunks}`);
      }
      onEnd();
    } finally {
      seen.isClosed = true;
    }
  }
  return { seen, content: content() };
}

/** A response that says what went wrong, as S3 does. @param fields More elements of its XML. */
export function failure(status: number, code: string, message: string, { fields = '', headers = {} } = {}): Fault {
  const body = `<Error><Code>${code}</Code><Message>${message}</Message>${fields}</Error>`;
  return { kind: 'status', status, body, headers };
}

export function slowDown(): Fault {
  return failure(503, 'SlowDown', 'Please reduce your request rate.');
}
