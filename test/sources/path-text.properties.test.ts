import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePaths, toPathBytes, toPathText } from '../../src/sources/index.js';

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  // Mostly text, with a byte that is none somewhere.
  fc
    .tuple(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 2 }), fc.string({ unit: 'grapheme' }))
    .map(([start, middle, end]) => Buffer.concat([Buffer.from(start), middle, Buffer.from(end)])),
);

test('any bytes become a text that is decoded to the same bytes, so two names are never the same text', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      expect(toPathBytes(toPathText(bytes)).equals(bytes)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('a name in UTF-8 is that text, and survives JSON as every text does', () => {
  expect(toPathText(Buffer.from('Grüße/世界 🦙.pdf'))).toBe('Grüße/世界 🦙.pdf');
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = toPathText(bytes);
      expect(JSON.parse(JSON.stringify(text))).toBe(text);
      // What the file system's bytes are is kept even where JSON is sent as UTF-8.
      expect(JSON.parse(Buffer.from(JSON.stringify(text)).toString('utf8'))).toBe(text);
    }),
  );
});

test('paths are ordered by their bytes', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      expect(Math.sign(comparePaths(toPathText(a), toPathText(b)))).toBe(Math.sign(Buffer.compare(a, b)));
    }),
    { numRuns: 2_000 },
  );
  // By the code units of JavaScript it is the other way round.
  expect(comparePaths('\u{1F600}', '\uFFFD')).toBe(1);
});
