import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openOutputStore } from '../../src/outputs/index.js';
import { findFreePort } from '../../src/testing/temporal/free-port.js';
import { bucket, failure, KEY, proxy, server, setUpS3 } from '../support/s3/fixture.js';
import { createUser, withPermissions } from '../support/s3/permissions.js';
import type { Fault } from '../support/s3/proxy.js';
import { ANY_CREDENTIALS, useS3 } from '../support/s3/server.js';
import { outputError } from './support.js';

setUpS3();

/** The policy in the docs, for the bucket of the test. */
async function policy(): Promise<Policy> {
  const page = await readFile(new URL('../../docs/output-stores.md', import.meta.url), 'utf8');
  const [, json = ''] = /^```json\n(.*?)^```$/ms.exec(page) ?? [];
  return JSON.parse(json.replaceAll('my-bucket', bucket).replaceAll('my-prefix', 'docs'));
}

/** What the check says, without the location. */
async function problemOf(location: string): Promise<string> {
  const store = await openOutputStore(location);
  const { message } = await outputError(store.check());
  const start = `Could not write to ${location}: `;
  expect(message.slice(0, start.length)).toBe(start);
  return message.slice(start.length);
}

describe('the check says what to do', () => {
  test('about a bucket that does not exist, and so does each operation', async () => {
    const missing = `s3://missing-${bucket}`;
    const reason = 'the bucket does not exist: create it, or correct the location';
    expect(await problemOf(missing)).toBe(reason);
    const store = await openOutputStore(missing);
    for (const operation of [() => store.id(), () => store.write(KEY, 'a'), () => store.read(KEY)])
      expect((await outputError(operation())).message).toContain(reason);
  });

  test('about a server that is not there', async () => {
    useS3(`http://127.0.0.1:${await findFreePort()}`);
    expect(await problemOf(`s3://${bucket}`)).toMatch(/ECONNREFUSED/);
  });

  test('about credentials that are missing', async () => {
    useS3(proxy.url, null);
    expect(await problemOf(`s3://${bucket}`)).toMatch(
      /^there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE \(/,
    );
    expect(proxy.operations()).toEqual([]);
  });

  test('about credentials that are wrong, without the secret', async () => {
    const user = await createUser(server, await policy());
    await withPermissions(server, async () => {
      useS3(proxy.url, { accessKeyId: 'AKIANOBODY', secretAccessKey: ANY_CREDENTIALS.secretAccessKey });
      expect(await problemOf(`s3://${bucket}`)).toMatch(
        /^the credentials are rejected \(InvalidAccessKeyId\): check AWS_/,
      );
      useS3(proxy.url, { ...user, secretAccessKey: ANY_CREDENTIALS.secretAccessKey });
      const problem = await problemOf(`s3://${bucket}`);
      expect(problem).toMatch(/^the credentials are rejected \(SignatureDoesNotMatch\): check AWS_/);
      expect(problem).not.toContain(ANY_CREDENTIALS.secretAccessKey);
    });
  });

  test('about a region that is not set', async () => {
    useS3(undefined);
    expect(await problemOf(`s3://${bucket}`)).toBe(
      'there is no AWS region: set AWS_REGION to the region of the bucket',
    );
  });

  test.each<[string, Fault]>([
    [
      'as a header',
      failure(301, 'PermanentRedirect', 'Use the specified endpoint.', {
        headers: { 'x-amz-bucket-region': 'eu-west-1' },
      }),
    ],
    [
      'in the body',
      failure(400, 'AuthorizationHeaderMalformed', 'the region is wrong', { fields: '<Region>eu-west-1</Region>' }),
    ],
  ])('about a bucket of another region, which the response has %s', async (_, fault) => {
    proxy.next('PutObject', fault);
    expect(await problemOf(`s3://${bucket}`)).toBe('the bucket is in the region eu-west-1: set AWS_REGION=eu-west-1');
  });

  test('about what the server says otherwise, without what it was sent', async () => {
    const token = 'IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD';
    proxy.next('PutObject', failure(400, 'Odd', `bad token ${token}`));
    expect(await problemOf(`s3://${bucket}`)).toBe('Odd: bad token … (HTTP 400)');
  });
});

describe('the permissions in the docs', () => {
  /** Everything that a worker does. */
  async function work(): Promise<void> {
    const store = await openOutputStore(`s3://${bucket}/docs`);
    await store.check();
    await store.id();
    await store.write(KEY, Buffer.alloc(6_000_000, 'x').toString());
    expect(await store.size(KEY)).toBe(6_000_000);
    for await (const _ of (await store.read(KEY)) ?? []) break;
    expect(await store.read(['missing'])).toBeUndefined();
  }

  test('are enough for a worker', async () => {
    const user = await createUser(server, await policy());
    await withPermissions(server, async () => {
      useS3(proxy.url, user);
      await work();
    });
    expect(proxy.operations()).toContain('ListMultipartUploads');
  });

  test.each(['s3:PutObject', 's3:GetObject'])(
    'are all needed: without %s, the check fails and says so',
    async (action) => {
      const { Version, Statement } = await policy();
      const without = Statement.map((one) => ({ ...one, Action: one.Action.filter((name) => name !== action) }));
      const user = await createUser(server, { Version, Statement: without });
      await withPermissions(server, async () => {
        useS3(proxy.url, user);
        expect(await problemOf(`s3://${bucket}/docs`)).toMatch(/^access is denied: the worker lacks a permission/);
      });
    },
  );

  test('include the one to list: without it, S3 denies access to what is not there, and the check says so', async () => {
    const store = await openOutputStore(`s3://${bucket}`);
    await store.check();
    // moto responds with 404.
    proxy.next('GetObject', { kind: 'rewrite', rewrite: (body) => body });
    proxy.next('GetObject', failure(403, 'AccessDenied', 'Access Denied'));
    expect(await problemOf(`s3://${bucket}`)).toMatch(/^access is denied: the worker lacks a permission/);
  });
});

interface Policy {
  Version: string;
  Statement: { Effect: string; Action: string[]; Resource: string }[];
}
