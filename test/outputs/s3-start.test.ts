/** What a worker does with S3 when it starts: it reads or creates the id, and checks the store. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import {
  bucket,
  client,
  failure,
  KEY,
  keys,
  megabytes,
  openStore,
  PREFIX,
  proxy,
  server,
  setUpS3,
  slowDown,
  uploads,
} from '../support/s3/fixture.js';
import { type Fault, startS3Proxy } from '../support/s3/proxy.js';
import { useS3 } from '../support/s3/server.js';
import { until } from '../support/until.js';
import { outputError } from './support.js';

setUpS3();

describe('the id', () => {
  test('that another worker created after this one found none is taken, not replaced', async () => {
    const [first, second] = [await openStore(), await openStore()];
    // The SDK reads the endpoint at the first request.
    for (const store of [first, second]) await store.size(KEY);
    const seconds = await startS3Proxy(server);
    useS3(seconds.url);
    const late = await openStore();
    let id = '';
    seconds.next('PutObject', { kind: 'wait', until: until('the id', () => id !== '') });
    const lateId = late.id();
    await until('its PUT', () => seconds.operations().includes('PutObject'));
    id = await first.id();
    expect(await lateId).toBe(id);
    expect(seconds.operations()).toEqual(['GetObject', 'PutObject', 'GetObject']);
    expect(await second.id()).toBe(id);
  });

  test('that another worker is just creating is taken', async () => {
    const store = await openStore();
    await store.size(KEY);
    const first = await startS3Proxy(server);
    proxy.next('GetObject', failure(404, 'NoSuchKey', 'The specified key does not exist.'));
    proxy.next('PutObject', failure(409, 'ConditionalRequestConflict', 'Conflicting operation'));
    useS3(first.url);
    const id = await (await openStore()).id();
    expect(await store.id()).toBe(id);
  });

  test('is that of the prefix', async () => {
    const ids = await Promise.all(['a', 'b', ''].map(async (prefix) => (await openStore({ prefix })).id()));
    expect(new Set(ids).size).toBe(3);
    expect(await keys()).toEqual(['.store-id', 'a/.store-id', 'b/.store-id']);
  });

  test('that is damaged is an OutputError', async () => {
    const store = await openStore();
    proxy.next('GetObject', { kind: 'rewrite', rewrite: () => 'not an id' });
    await store.id().catch(() => undefined);
    proxy.next('GetObject', { kind: 'rewrite', rewrite: () => 'not an id' });
    const { message } = await outputError(store.id());
    expect(message).toMatch(/^Could not read the id of .*\.store-id is damaged: delete it/);
  });
});

describe('the check', () => {
  /** The list of uploads, as it would be if they had been started so many hours ago. (For moto all are of 2010.) */
  const startedBefore = (hours: number): Fault => ({
    kind: 'rewrite',
    rewrite: (body) =>
      body.replace(
        /<Initiated>.*?<\/Initiated>/g,
        `<Initiated>${new Date(Date.now() - hours * 3_600_000).toISOString()}</Initiated>`,
      ),
  });

  /** Leaves the parts of a writer that was killed. */
  async function leaveParts(prefix: string): Promise<void> {
    const store = await openStore({ prefix });
    proxy.next('AbortMultipartUpload', slowDown());
    proxy.next('CompleteMultipartUpload', slowDown());
    await outputError(store.write(KEY, megabytes(6).content));
  }

  test('removes the parts of killed writers after a day, those of active ones and of other prefixes are left', async () => {
    await leaveParts('a');
    await leaveParts('b');
    expect(await uploads()).toEqual(['a/bat-1/dfl-1.md', 'b/bat-1/dfl-1.md']);
    const store = await openStore({ prefix: 'a' });
    proxy.next('ListMultipartUploads', startedBefore(23));
    await store.check();
    expect(await uploads()).toHaveLength(2);
    proxy.next('ListMultipartUploads', startedBefore(25));
    await store.check();
    expect(await uploads()).toEqual(['b/bat-1/dfl-1.md']);
  });

  test('does not fail where parts can not be listed, or not be removed', async () => {
    await leaveParts('a');
    const store = await openStore({ prefix: 'a' });
    proxy.next('ListMultipartUploads', failure(403, 'AccessDenied', 'Access Denied'));
    await store.check();
    proxy.next('ListMultipartUploads', startedBefore(25));
    proxy.next('AbortMultipartUpload', failure(403, 'AccessDenied', 'Access Denied'));
    await store.check();
    expect(await uploads()).toHaveLength(1);
  });

  test('leaves one small object and the id behind, also if it runs twice', async () => {
    const store = await openStore();
    await store.check();
    await store.check();
    expect(await keys()).toEqual([`${PREFIX}/.probe`, `${PREFIX}/.store-id`]);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `${PREFIX}/.probe` }));
    expect(await Body?.transformToString()).toBe('x');
  });
});
