import { basename, dirname, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentKey, manifestKey, manifestPartKey, runFolder } from '../../../src/activities/support/output-keys.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { COLLECT_FORMATS } from '../../../src/protocol/index.js';
import { longText, validId } from '../../support/arbitraries.js';

const store = new DirectoryStore('/out');
const format = fc.constantFrom(...COLLECT_FORMATS);
const name = fc.oneof(longText(), fc.constantFrom(null, undefined, '', 'runs', 'manifest.jsonl'));
const file = fc.record({ fileId: validId(100), name });

describe('the document of any file', () => {
  test('is one segment of at most 255 bytes in the folder of its batch, which the store takes as it is', () => {
    fc.assert(
      fc.property(validId(), file, format, (batchId, file, format) => {
        const key = documentKey(batchId, file, format);
        const location = store.locate(key);
        expect(dirname(location)).toBe(store.locate([batchId]));
        expect(relative('/out', location).split('/')).toHaveLength(2);
        expect(basename(location)).toBe(key[1]);
        expect(Buffer.byteLength(basename(location))).toBeLessThanOrEqual(255);
      }),
    );
  });

  test('has a path of its own, also where names are equal and the file system ignores case', () => {
    const rename = fc.constantFrom<((name: string) => string)[]>(
      (name) => name,
      (name) => name.toUpperCase(),
      (name) => name.normalize('NFD'),
      (name) => `${name}/`,
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(validId(100), { minLength: 2, maxLength: 2 }),
        longText(),
        rename,
        format,
        (ids, ...rest) => {
          const [name, rename, format] = rest;
          const [one = '', other = ''] = ids;
          const locate = (fileId: string, name: string) =>
            store
              .locate(documentKey('bat-1', { fileId, name }, format))
              .normalize('NFC')
              .toLowerCase();
          expect(locate(one, name)).not.toBe(locate(other, rename(name)));
        },
      ),
    );
  });

  test('is never where a manifest or a part of one is', () => {
    fc.assert(
      fc.property(file, format, validId(), fc.nat(100_000), (file, format, runId, part) => {
        const document = store.locate(documentKey('bat-1', file, format));
        const folder = runFolder('bat-1', runId);
        const others = [
          manifestKey(['bat-1']),
          manifestKey(folder),
          manifestPartKey(folder, part),
          folder,
          folder.slice(0, 2),
        ];
        for (const other of others) expect(document).not.toBe(store.locate(other));
      }),
    );
  });
});

test('each part of the manifest of a run has a place of its own, and they sort by their number', () => {
  fc.assert(
    fc.property(fc.nat(99_999), fc.nat(99_999), (one, other) => {
      const locate = (part: number) => store.locate(manifestPartKey(runFolder('bat-1', 'run-1'), part));
      expect(Math.sign(locate(one).localeCompare(locate(other)))).toBe(Math.sign(one - other));
    }),
  );
});
