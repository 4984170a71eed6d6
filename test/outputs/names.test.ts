import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DirectoryStore, openOutputStore } from '../../src/outputs/index.js';
import { temporaryFolder } from './support.js';

const LONG = 'x'.repeat(5_000);
const NASTY = [
  '',
  '.',
  '..',
  '...',
  '../x',
  '../../x',
  '/etc/passwd',
  'C:\\x',
  '..\\x',
  'a/b',
  'a%2Fb',
  'a\0b',
  'a\nb',
  '.hidden',
  '.tmp',
  '.store-id',
  'dot.',
  'space ',
  ' ',
  '~',
  '%',
  '%2E',
  'con',
  'CON.txt',
  'nul',
  'com1',
  'LPT9.md',
  'a:b',
  'a*?"<>|b',
  'ü',
  '世界',
  '\ud800',
  '\ud801',
  '\udc00',
  '\ufffd',
  'a\ud800b',
  'a\ud801b',
  `${LONG}a`,
  `${LONG}b`,
  `世${LONG}`,
];

describe('a name, whatever it is', () => {
  const store = new DirectoryStore('/root/of/all');

  test.each(NASTY)('stays one segment inside the root, as %j does', (name) => {
    const location = store.locate(['bat-1', name]);
    expect(dirname(location)).toBe('/root/of/all/bat-1');
    expect(resolve(location)).toBe(location);
    const segment = location.slice('/root/of/all/bat-1/'.length);
    // Neither hidden, nor a device of Windows, nor anything that a file system turns into something else.
    expect(segment).toMatch(/^[\w%-][\w.%~-]*$/);
    expect(segment).not.toMatch(/\.$|^(con|nul|com\d|lpt\d)(\.|$)/i);
    expect(segment.length).toBeLessThanOrEqual(200);
  });

  test('has a place of its own', () => {
    expect(new Set(NASTY.map((name) => store.locate([name]))).size).toBe(NASTY.length);
    expect(store.locate(['a', 'b'])).not.toBe(store.locate(['a/b']));
  });

  test('can be written', async () => {
    const root = await temporaryFolder();
    const real = new DirectoryStore(root);
    for (const name of NASTY) await real.write([name], JSON.stringify(name));
    const written = (await readdir(root)).filter((name) => !name.startsWith('.'));
    expect(written).toHaveLength(NASTY.length);
  });

  test.each(['dfl-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee.md', 'manifest.jsonl', 'manifest.part-00000.jsonl', 'A_b-1'])(
    'that is ordinary stays as it is, as %s does',
    (name) => expect(store.locate([name])).toBe(`/root/of/all/${name}`),
  );
});

describe('the store that a location names', () => {
  test.each(['./out', ' out\n', 'out'])('%j is a directory, from the working directory', (location) => {
    expect(openOutputStore(location)).toBeInstanceOf(DirectoryStore);
    expect(openOutputStore(location).root).toBe(resolve('out'));
  });

  test.each(['s3://bucket/prefix', ' S3://bucket', 'file:///tmp', 'https://a'])(
    '%j is not supported, and says so',
    (location) => {
      expect(() => openOutputStore(location)).toThrow(
        /^(s3|file|https):\/\/ is not supported as output: give a directory$/,
      );
    },
  );

  test.each(['', '  '])('%j is refused', (location) => {
    expect(() => openOutputStore(location)).toThrow('the output location is empty: give a directory');
  });
});
