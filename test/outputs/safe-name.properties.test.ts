import { createHash } from 'node:crypto';
import { basename, dirname, join, relative, resolve, sep, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DirectoryStore, toSafeName } from '../../src/outputs/index.js';
import { anyText, longText } from '../support/arbitraries.js';

const ROOT = '/root/of/all';
const store = new DirectoryStore(ROOT);

/** Names of Microsoft's documentation, which are reserved with any extension and in any case. */
const RESERVED = new Set([
  ...['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$'],
  ...['COM', 'LPT'].flatMap((port) => [...'0123456789¹²³'].map((digit) => `${port}${digit}`)),
]);
const reservedName = fc
  .tuple(
    fc.constantFrom(...RESERVED),
    fc.boolean(),
    fc.constantFrom('', '.', ' ', '.txt', ' .md', '..', '\0', '\u202e'),
  )
  .map(([name, isLower, end]) => `${isLower ? name.toLowerCase() : name}${end}`);

const sha = (text: string) => createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
const name = fc.oneof(
  longText(),
  reservedName,
  // A name as another one becomes.
  anyText(3).map((text) => `${toSafeName(text)}~${sha(text)}`),
  fc.integer({ min: 225, max: 260 }).chain((length) => anyText(2).map((text) => text.padEnd(length, 'x'))),
);

function expectOneSegment(segment: string): void {
  expect(segment).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*]/u);
  // Neither hidden, nor an option, nor a home folder, nor what Windows drops at the end.
  expect(segment).toMatch(/^[^.\-~ ]/);
  expect(segment).toMatch(/[^. ]$/);
  expect(segment.normalize('NFC')).toBe(segment);
  const stem = segment.split('.')[0]?.trimEnd().toUpperCase() ?? '';
  expect([...RESERVED]).not.toContain(stem);
  expect(basename(segment)).toBe(segment);
  expect(win32.basename(segment)).toBe(segment);
}

describe('the safe name of any text', () => {
  test('is one segment of a path on every system, of at most so many bytes, and never reserved', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 8, max: 238 }), (text, maxBytes) => {
        const safe = toSafeName(text, maxBytes);
        expectOneSegment(safe);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(maxBytes);
      }),
      { numRuns: 500 },
    );
  });

  test('is safe, so that it does not change the second time', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 8, max: 238 }), (text, maxBytes) => {
        const safe = toSafeName(text, maxBytes);
        expect(toSafeName(safe, maxBytes)).toBe(safe);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the location of a key, whatever its names are', () => {
  const key = fc.array(name, { minLength: 1, maxLength: 3 });

  test('has one segment for each name, of at most 255 bytes, and is below the root', () => {
    fc.assert(
      fc.property(key, (key) => {
        const location = store.locate(key);
        expect(resolve(location)).toBe(location);
        const segments = relative(ROOT, location).split(sep);
        expect(segments).toHaveLength(key.length);
        for (const segment of segments) {
          expectOneSegment(segment);
          expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
        }
        expect(dirname(join(location, 'x'))).toBe(location);
      }),
    );
  });

  test('keeps a name that is safe already', () => {
    fc.assert(
      fc.property(name, (text) => {
        const safe = toSafeName(text);
        fc.pre(!/~[0-9a-f]{16}$/.test(safe));
        expect(store.locate([safe])).toBe(join(ROOT, safe));
      }),
      { numRuns: 500 },
    );
  });

  test('is another one for each key, also for keys that become each other', () => {
    const changes: ((text: string) => string)[] = [
      (text) => text,
      (text) => toSafeName(text),
      (text) => basename(store.locate([text])),
      (text) => text.normalize('NFD'),
      (text) => text.normalize('NFKC'),
      (text) => text.toWellFormed(),
      (text) => text.replace(/[/\\:]/g, '_'),
      (text) => `${text} `,
      (text) => `${text}.`,
      (text) => `${text}\u00ad`,
      (text) => text.replaceAll('\ud83e', '\ud83d'),
      (text) => text.slice(0, -1),
    ];
    fc.assert(
      fc.property(key, fc.constantFrom(...changes), fc.nat(2), (key, change, index) => {
        const other = key.map((text, position) => (position === index % key.length ? change(text) : text));
        const isSame = JSON.stringify(key) === JSON.stringify(other);
        expect(store.locate(key) === store.locate(other)).toBe(isSame);
        expect(store.locate([...key, 'a'])).not.toBe(store.locate(key));
        expect(store.locate([key.join('/')]) === store.locate(key)).toBe(key.length === 1);
      }),
      { numRuns: 500 },
    );
  });
});
