import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createS3Client } from '../../src/outputs/s3-client.js';
import { S3Store } from '../../src/outputs/s3-store.js';
import { outputStoreConformance } from '../../src/testing/index.js';
import {
  bucket,
  KEY,
  keys,
  MIB,
  megabytes,
  openStore,
  PREFIX,
  proxy,
  setUpS3,
  slowDown,
  uploads,
} from '../support/s3/fixture.js';
import type { Fault, Operation } from '../support/s3/proxy.js';
import { createBucket } from '../support/s3/server.js';
import { until } from '../support/until.js';
import { outputError } from './support.js';

setUpS3();

/** One that does not wait long for a response, for faults that give none. */
async function openImpatientStore(): Promise<S3Store> {
  return new S3Store(await createS3Client(3_000), { bucket, prefix: PREFIX });
}

const isSilent = ({ kind }: Fault) => kind === 'silence' || kind === 'silent-response';

async function textOf(content: AsyncIterable<Uint8Array> | undefined): Promise<string | undefined> {
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a bucket', () => {
  let shared: { bucket: string; prefix: string };

  beforeAll(async () => {
    shared = { bucket: await createBucket(), prefix: PREFIX };
  });

  test.each(outputStoreConformance(async () => new S3Store(await createS3Client(), shared)))(
    'keeps what a store promises: $name',
    ({ run }) => run(),
  );
});

describe('an object', () => {
  test('has its names below the prefix as key', async () => {
    const store = await openStore();
    const { location } = await store.write(['bat-1', 'Résumé – Zoë (final) 100%.pdf'], 'a document');
    expect(location).toBe(`s3://${bucket}/team a/ü/bat-1/Résumé – Zoë (final) 100%.pdf`);
    expect(await keys()).toEqual(['team a/ü/bat-1/Résumé – Zoë (final) 100%.pdf']);
    const whole = await openStore({ prefix: '' });
    expect((await whole.write(['a'], 'a document')).location).toBe(`s3://${bucket}/a`);
    expect(await keys()).toContain('a');
  });

  test('that is small is one request', async () => {
    const store = await openStore();
    await store.write(KEY, 'a document');
    await store.write(KEY, megabytes(5).content);
    expect(proxy.operations()).toEqual(['PutObject', 'PutObject']);
  });

  test('that is large is sent in parts of 5 MiB, of which one is in memory', async () => {
    const store = await openStore();
    const { seen, content } = megabytes(12);
    const pulled: number[] = [];
    for (let part = 0; part < 2; part++) {
      const fault: Fault = {
        kind: 'rewrite',
        rewrite: (body) => {
          pulled.push(seen.chunks);
          return body;
        },
      };
      proxy.next('UploadPart', fault);
    }
    expect(await store.write(KEY, content)).toMatchObject({ bytes: 12 * MIB });
    const parts: Operation[] = ['UploadPart', 'UploadPart', 'UploadPart'];
    expect(proxy.operations()).toEqual(['CreateMultipartUpload', ...parts, 'CompleteMultipartUpload']);
    expect(proxy.requests.slice(1, 4).map(({ headers }) => Number(headers['content-length']) / MIB)).toEqual([5, 5, 2]);
    // A part is sent when the first byte after it is there.
    expect(pulled).toEqual([6, 11]);
    expect(await uploads()).toEqual([]);
  });

  test.each([
    [undefined, false],
    ['WHEN_SUPPORTED', true],
  ])('has a checksum where AWS_REQUEST_CHECKSUM_CALCULATION is %s: %s', async (setting, expected) => {
    if (setting !== undefined) process.env.AWS_REQUEST_CHECKSUM_CALCULATION = setting;
    const store = await openStore();
    await store.write(KEY, 'a document');
    await store.write(KEY, megabytes(6).content);
    const sent = proxy.requests.filter(({ operation }) => operation === 'PutObject' || operation === 'UploadPart');
    expect(sent.map(({ headers }) => headers['x-amz-checksum-crc32'] !== undefined)).toEqual(sent.map(() => expected));
    expect(await store.size(KEY)).toBe(6 * MIB);
  });
});

describe('a write that fails', () => {
  const faults: [string, Fault, RegExp][] = [
    ['is cut off', { kind: 'cut-request' }, /the connection was cut off \((ECONNRESET|EPIPE)\)/],
    ['gets no response', { kind: 'silence' }, /the store did not respond in time/],
    ['loses its response', { kind: 'lost-response' }, /the connection was cut off \(ECONNRESET\)/],
    ['is told to slow down', slowDown(), /SlowDown: Please reduce your request rate\. \(HTTP 503\)/],
    [
      'meets a gateway',
      { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' },
      /the response has status 502/,
    ],
  ];

  test.each(faults)(
    'because a small one %s, is not repeated by the SDK, and succeeds when it is',
    async (_, fault, reason) => {
      const store = await openStore();
      await store.write(KEY, 'old');
      proxy.next('PutObject', fault);
      const failing = isSilent(fault) ? await openImpatientStore() : store;
      const error = await outputError(failing.write(KEY, 'new'));
      expect(error.message).toMatch(`Could not write s3://${bucket}/${PREFIX}/bat-1/dfl-1.md: `);
      expect(error.message).toMatch(reason);
      expect(proxy.operations()).toEqual(['PutObject', 'PutObject']);
      await store.write(KEY, 'new');
      expect(await textOf(await store.read(KEY))).toBe('new');
    },
  );

  const steps: Operation[] = ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'];

  test.each(steps.flatMap((step) => faults.map(([name, fault, reason]) => [step, name, fault, reason] as const)))(
    'because its %s %s, leaves no parts, and closes the content',
    async (step, name, fault, reason) => {
      const store = await openStore();
      await store.write(KEY, 'old');
      const failing = isSilent(fault) ? await openImpatientStore() : store;
      if (step === 'UploadPart') proxy.next(step, { kind: 'rewrite', rewrite: (body) => body });
      proxy.next(step, fault);
      const { seen, content } = megabytes(12);
      expect((await outputError(failing.write(KEY, content))).message).toMatch(reason);
      expect(seen.isClosed).toBe(true);
      const hasTakenEffect = name === 'loses its response';
      // Its id is not known. The next check removes it.
      expect(await uploads()).toHaveLength(step === 'CreateMultipartUpload' && hasTakenEffect ? 1 : 0);
      expect(await store.size(KEY)).toBe(step === 'CompleteMultipartUpload' && hasTakenEffect ? 12 * MIB : 3);
      await store.write(KEY, megabytes(12).content);
      expect(await store.size(KEY)).toBe(12 * MIB);
    },
  );

  test('throws the error of its content, also where the parts can not be removed', async () => {
    const store = await openStore();
    const broken = new Error('the document broke off');
    const breaking = () =>
      megabytes(12, () => {
        throw broken;
      }).content;
    await expect(store.write(KEY, breaking())).rejects.toBe(broken);
    expect(await uploads()).toEqual([]);
    proxy.next('AbortMultipartUpload', slowDown());
    await expect(store.write(KEY, breaking())).rejects.toBe(broken);
    expect(await uploads()).toHaveLength(1);
    expect(await keys()).toEqual([]);
  });
});

describe('a write whose activity is cancelled', () => {
  test.each<[Operation, number]>([
    ['PutObject', 3],
    ['CreateMultipartUpload', 12],
    ['UploadPart', 12],
    ['CompleteMultipartUpload', 12],
  ])('while %s gets no response ends at once, and leaves nothing', async (operation, size) => {
    const store = await openStore();
    const controller = new AbortController();
    const reason = new Error('the activity was cancelled');
    proxy.next(operation, { kind: 'silence' });
    const { seen, content } = megabytes(size);
    const writing = store.write(KEY, content, { signal: controller.signal });
    writing.catch(() => undefined);
    await until(operation, () => proxy.operations().includes(operation));
    const abortedMs = performance.now();
    controller.abort(reason);
    await expect(writing).rejects.toBe(reason);
    // A request that is not ended fails after 60 s.
    expect(performance.now() - abortedMs).toBeLessThan(50_000);
    expect(seen.isClosed).toBe(true);
    expect(await uploads()).toEqual([]);
    expect(await keys()).toEqual([]);
  });
});

test('as many writes as Temporal starts are sent at the same time', async () => {
  const store = await openStore();
  const controller = new AbortController();
  proxy.always('PutObject', { kind: 'silence' });
  const writes = Array.from({ length: 120 }, (_, index) =>
    store.write([`${index}`], 'a document', { signal: controller.signal }),
  );
  const ended = Promise.allSettled(writes);
  await until('all requests', () => proxy.requests.length === 120);
  controller.abort(new Error('the test has ended'));
  await ended;
});

describe('a read that fails', () => {
  test.each<[string, Fault, RegExp]>([
    ['is told to slow down', slowDown(), /SlowDown/],
    ['gets no response', { kind: 'silence' }, /did not respond in time/],
    ['is cut off', { kind: 'cut-response', afterBytes: 3 }, /the connection was cut off/],
    ['goes silent', { kind: 'silent-response', afterBytes: 3 }, /did not respond in time/],
  ])('because it %s is an OutputError', async (_, fault, reason) => {
    const store = await openStore();
    await store.write(KEY, 'a document');
    proxy.next('GetObject', fault);
    const failing = isSilent(fault) ? await openImpatientStore() : store;
    const error = await outputError(failing.read(KEY).then(textOf));
    expect(error.message).toMatch(`Could not read s3://${bucket}/${PREFIX}/bat-1/dfl-1.md: `);
    expect(error.message).toMatch(reason);
    expect(await textOf(await store.read(KEY))).toBe('a document');
  });

  test('while nobody reads does not end the process', async () => {
    const store = await openImpatientStore();
    await store.write(KEY, 'a document');
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    process.on('uncaughtException', onError);
    onTestFinished(() => {
      process.off('uncaughtException', onError);
    });
    proxy.next('GetObject', { kind: 'silent-response', afterBytes: 3 });
    const content = await store.read(KEY);
    proxy.next('GetObject', { kind: 'silent-response', afterBytes: 3 });
    await outputError(store.read(KEY).then(textOf));
    expect((await outputError(textOf(content))).message).toMatch(/did not respond in time/);
    expect(errors).toEqual([]);
  });

  test('of a size is an OutputError, and of a size that is not there is none', async () => {
    const store = await openStore();
    proxy.next('HeadObject', { kind: 'status', status: 503, body: '' });
    expect((await outputError(store.size(KEY))).message).toMatch(/^Could not read s3:.*: the response has status 503$/);
    expect(await store.size(KEY)).toBeUndefined();
  });
});
