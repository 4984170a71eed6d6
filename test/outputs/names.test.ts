import { basename, dirname, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DirectoryStore, openOutputStore, toSafeName } from '../../src/outputs/index.js';
import { S3Store } from '../../src/outputs/s3-store.js';
import { NAMES } from '../../src/testing/outputs/names.js';

const LONG = 'x'.repeat(5_000);

describe('a name, whatever it is', () => {
  const store = new DirectoryStore('/root/of/all');

  test.each(NAMES)('stays one segment inside the root, as %j does', (name) => {
    const location = store.locate(['bat-1', name]);
    expect(dirname(location)).toBe('/root/of/all/bat-1');
    expect(resolve(location)).toBe(location);
    const segment = basename(location);
    // Neither hidden, nor an option, nor a device of Windows, nor anything that a file system turns into something else.
    expect(segment).not.toMatch(/^[.\-~ ]|[. ]$|[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/u);
    expect(segment).not.toMatch(/^(con|prn|aux|nul|conin\$|com[\d¹]|lpt\d) *(\.|$)/i);
    expect(segment.normalize('NFC')).toBe(segment);
    expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
  });

  test('has a place of its own', () => {
    const names = [...NAMES, ...NAMES.map((name) => basename(store.locate([name])))];
    expect(new Set(names.map((name) => store.locate([name]))).size).toBe(new Set(names).size);
    expect(store.locate(['a', 'b'])).not.toBe(store.locate(['a/b']));
  });

  test.each([
    'dfl-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee.md',
    'manifest.jsonl',
    'manifest.part-00000.jsonl',
    'A_b-1',
    'Résumé – Zoë (final) 100%.pdf',
    '世界 🦙.pdf',
  ])('that is ordinary stays as it is, as %s does', (name) => {
    expect(store.locate([name])).toBe(`/root/of/all/${name}`);
  });
});

test('a safe name fits the bytes that are asked for, and a name that is cut says so', () => {
  for (const name of [LONG, '世'.repeat(1_000), '🦙'.repeat(1_000), `-${LONG}`, `.${'世'.repeat(1_000)}`]) {
    for (let maxBytes = 10; maxBytes < 20; maxBytes++) {
      const safe = toSafeName(name, maxBytes);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(maxBytes);
      expect(safe).toMatch(/^.+…$/);
    }
  }
});

describe('the store that a location names', () => {
  test.each(['./out', ' out\n', 'out'])('%j is a directory, from the working directory', async (location) => {
    const store = await openOutputStore(location);
    expect(store).toBeInstanceOf(DirectoryStore);
    expect(store.root).toBe(resolve('out'));
  });

  test.each([
    ['s3://bucket', 's3://bucket'],
    [' S3://bucket/\n', 's3://bucket'],
    ['s3://bucket//a/b=1/', 's3://bucket/a/b=1'],
    ['s3://a.bucket_of-ours/.out', 's3://a.bucket_of-ours/.out'],
  ])('%j is in S3, at %s', async (location, root) => {
    const store = await openOutputStore(location);
    expect(store).toBeInstanceOf(S3Store);
    expect(store.root).toBe(root);
    expect(store.locate(['bat-1', 'a/b.pdf'])).toMatch(`${root}/bat-1/a_b.pdf~`);
  });

  test.each([
    ['file:///tmp', 'file:// is not supported as output: give a folder, or s3://bucket/prefix'],
    ['https://a', 'https:// is not supported as output: give a folder, or s3://bucket/prefix'],
    ['', 'the output location is empty: give a folder, or s3://bucket/prefix'],
    ['  ', 'the output location is empty: give a folder, or s3://bucket/prefix'],
    ['s3://', 's3:// needs the name of a bucket: give s3://bucket/prefix'],
    ['s3:///prefix', 's3:// needs the name of a bucket: give s3://bucket/prefix'],
    ['s3://key:secret@bucket', 's3:// needs the name of a bucket: give s3://bucket/prefix'],
    ['s3://bucket/a//b', 'the prefix of an s3:// location has an empty name, . or .., or a control character'],
    ['s3://bucket/../b', 'the prefix of an s3:// location has an empty name, . or .., or a control character'],
    ['s3://bucket/a\0b', 'the prefix of an s3:// location has an empty name, . or .., or a control character'],
    [`s3://bucket/${'ü'.repeat(151)}`, 'the prefix of an s3:// location has at most 300 bytes'],
  ])('%j is refused, and the message says why', async (location, message) => {
    await expect(openOutputStore(location)).rejects.toThrow(new TypeError(message));
  });
});
