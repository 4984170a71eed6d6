import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { createS3Client } from '../../src/outputs/s3-client.js';
import { comparePaths, openCorpusSource, SourceError, SourceFileError } from '../../src/sources/index.js';
import { S3Source } from '../../src/sources/s3-source.js';
import { bucket, client, failure, proxy, setUpS3, slowDown } from '../support/s3/fixture.js';
import { listAll, listPaths, readText } from './support.js';

setUpS3();

async function put(keys: Readonly<Record<string, string>>): Promise<void> {
  for (const [Key, Body] of Object.entries(keys))
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
}

/** Keys that S3 takes, and that are trouble elsewhere. */
const ODD = [
  '../up.md',
  '/root.md',
  'a//b.md',
  'a/./c.md',
  'a b+c%20&d.md',
  'a\u0001.md',
  'é\u{1F600}.md',
  '\uFFFD.md',
  'tab\t.md',
];

describe('a prefix of a bucket', () => {
  test('is listed in the order of the bytes, page by page, and without what shows folders', async () => {
    await put({
      'docs/b.md': 'b',
      'docs/a/': '',
      'docs/a/x.md': 'xx',
      'docs/': '',
      'docs-2/no.md': 'x',
      'other.md': 'x',
    });
    const source = await openCorpusSource(`s3://${bucket}/docs`);
    expect(source.location).toBe(`s3://${bucket}/docs`);
    expect(await listAll(source)).toEqual([
      { path: 'a/x.md', size: 2, changeToken: expect.stringMatching(/^"[0-9a-f]{32}"$/) },
      { path: 'b.md', size: 1, changeToken: expect.any(String) },
    ]);
    expect(await listPaths(source, { after: 'a/x.md' })).toEqual(['b.md']);
    expect(await listPaths(await openCorpusSource(`s3://${bucket}`))).toContain('other.md');
  });

  test('with odd keys has all of them, in order, and each is read', async () => {
    await put(Object.fromEntries(ODD.map((key, index) => [`docs/${key}`, `content ${index}`])));
    const source = await openCorpusSource(`s3://${bucket}/docs`);
    const paths = await listPaths(source);
    expect(paths).toEqual(ODD.toSorted(comparePaths));
    for (const [index, key] of ODD.entries()) expect(await readText(await source.open(key))).toBe(`content ${index}`);
    for (const [index, after] of paths.entries())
      expect(await listPaths(source, { after })).toEqual(paths.slice(index + 1));
  });

  test('of more than a page is listed to its end', async () => {
    await put({ 'docs/a.md': 'x', 'docs/b.md': 'x', 'docs/c.md': 'x', 'docs/d.md': 'x', 'docs/e.md': 'x' });
    const source = new S3Source(await createS3Client(), { bucket, prefix: 'docs' }, 2);
    expect(await listPaths(source)).toEqual(['a.md', 'b.md', 'c.md', 'd.md', 'e.md']);
    expect(await listPaths(source, { after: 'b.md' })).toEqual(['c.md', 'd.md', 'e.md']);
    expect(proxy.operations().filter((operation) => operation === 'ListObjects')).toHaveLength(3 + 2);
  });

  test('has another token for other content only', async () => {
    const source = await openCorpusSource(`s3://${bucket}/docs`);
    const token = async () => (await source.open('a.md')).changeToken;
    await put({ 'docs/a.md': 'one' });
    const before = await token();
    await put({ 'docs/a.md': 'one' });
    expect(await token()).toBe(before);
    await put({ 'docs/a.md': 'two' });
    expect(await token()).not.toBe(before);
  });
});

const OF_OBJECT = [
  [403, 'InvalidObjectState'],
  [403, 'AccessDenied'],
  // It is encrypted with a key of the customer's, or one that is disabled.
  [400, 'InvalidRequest'],
  [400, 'KMS.DisabledException'],
  [405, 'MethodNotAllowed'],
] as const;

const OF_STORE = [
  [503, 'SlowDown'],
  [429, 'TooManyRequests'],
  [400, 'ThrottlingException'],
  [400, 'RequestTimeout'],
  [400, 'ExpiredToken'],
  [403, 'InvalidAccessKeyId'],
  [403, 'SignatureDoesNotMatch'],
  [403, 'RequestTimeTooSkewed'],
  [400, 'AuthorizationHeaderMalformed'],
  [404, 'NoSuchBucket'],
] as const;

describe('what goes wrong', () => {
  test('with the list fails it, and says what to do', async () => {
    const source = await openCorpusSource(`s3://missing-${bucket}/docs`);
    const error = await listPaths(source).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SourceError);
    expect(String(error)).toContain('the bucket does not exist: create it, or correct the location');
    proxy.next('ListObjects', slowDown());
    await expect(listPaths(await openCorpusSource(`s3://${bucket}/docs`))).rejects.toThrow(SourceError);
  });

  test('with one object concerns that one, and with the store all', async () => {
    await put({ 'docs/a.md': 'x'.repeat(100) });
    const source = await openCorpusSource(`s3://${bucket}/docs`);
    await expect(source.open('missing.md')).rejects.toThrow(SourceFileError);
    const openError = async (status: number, code: string) => {
      proxy.next('GetObject', failure(status, code, 'refused'));
      const error: unknown = await source.open('a.md').catch((error: unknown) => error);
      return error instanceof Error ? `${code}: ${error.name}` : 'it was opened';
    };
    for (const [status, code] of OF_OBJECT) expect(await openError(status, code)).toBe(`${code}: SourceFileError`);
    for (const [status, code] of OF_STORE) expect(await openError(status, code)).toBe(`${code}: SourceError`);
  });
});

test('a location of another kind, or none, is refused without repeating it', async () => {
  await expect(openCorpusSource('https://user:secret@host/x')).rejects.toThrow(
    'https:// is not supported as source: give a folder, or s3://bucket/prefix',
  );
  await expect(openCorpusSource(' ')).rejects.toThrow('the source location is empty');
});
