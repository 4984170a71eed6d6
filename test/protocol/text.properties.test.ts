import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunk, cleanText, jsonBytes, redactUrls, truncateUtf8 } from '../../src/protocol/index.js';
import { anyText, longText } from '../support/arbitraries.js';

/** The lengths to which the package cuts. */
const limit = fc.integer({ min: 60, max: 1_000 });

/** Only in what is secret: if one of these is left, then a part of a secret is. */
const SECRET_CHARACTERS = ['Q', 'X', 'Z'];
const secret = fc.string({ unit: fc.constantFrom(...SECRET_CHARACTERS), minLength: 1, maxLength: 40 });
const withoutSecret = (text: string) => text.replace(/[QXZ]/g, 'a');
const around = longText().map(withoutSecret);
const urlPart = anyText(3).map((text) => withoutSecret(text).replace(/[\s/?#"<>@]/g, ''));

const scheme = fc.constantFrom('http', 'https', 'HTTPS', 'Http');
const host = fc.constantFrom('a.example', 'b.s3.amazonaws.com', '[::1]:8080', 'münchen.example');
const path = fc.array(urlPart, { maxLength: 3 }).map((segments) => segments.map((segment) => `/${segment}`).join(''));

const urlWithSecretQuery = fc
  .tuple(scheme, host, path, fc.constantFrom('?', '#', '?sig=', '/?a=b&sig='), urlPart, secret, urlPart)
  .map(([scheme, ...rest]) => `${scheme}://${rest.join('')}`);
const urlWithPassword = fc
  .tuple(fc.constantFrom('https', 'http', 'postgres', 's3'), urlPart, secret, host, path)
  .map(([scheme, user, secret, host, path]) => `${scheme}://${user}:${secret}@${host}${path}`);
const url = fc.oneof(urlWithSecretQuery, urlWithPassword);

const texts = fc
  .array(fc.oneof(url, around, fc.constantFrom(' ', '\n', '"', '<', '>', ', ')), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

describe('text from outside', () => {
  test('becomes one well-formed line of at most so many bytes, whatever it is, and stays as it is the second time', () => {
    fc.assert(
      fc.property(fc.oneof(longText(), texts), limit, (text, maxBytes) => {
        const clean = cleanText(text, maxBytes);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean).not.toMatch(/\p{Cc}|^\s|\s$/u);
        expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(maxBytes);
        expect(cleanText(clean, maxBytes)).toBe(clean);
      }),
    );
  });

  test('keeps no part of a secret in a URL, wherever the URL stands, and wherever the text is cut', () => {
    fc.assert(
      fc.property(texts, limit, (text, maxBytes) => {
        expect(redactUrls(text)).not.toMatch(/[QXZ]/);
        expect(cleanText(text, maxBytes)).not.toMatch(/[QXZ]/);
      }),
    );
  });

  test('keeps no part of it where a cut comes within the URL and white space goes away before it', () => {
    fc.assert(
      fc.property(url, limit, fc.nat(80), (url, maxBytes, before) => {
        // Four characters for each byte: nothing after them is looked at.
        const spaces = ' '.repeat(4 * maxBytes - before);
        expect(cleanText(`${spaces}${url}`, maxBytes)).not.toMatch(/[QXZ]/);
      }),
    );
  });

  test('loses nothing else: what stands before the query of a URL is still there', () => {
    fc.assert(
      fc.property(around, urlWithSecretQuery, (before, url) => {
        const start = `${before.replace(/[@?#]/g, '')} ${url.slice(0, url.search(/[?#]/) + 1)}`;
        fc.pre(redactUrls(start) === start);
        expect(redactUrls(`${start}QXZ`)).toBe(`${start}[redacted]`);
      }),
    );
  });
});

test('a text that is cut keeps whole characters, as many as fit, and says that it was cut', () => {
  fc.assert(
    fc.property(longText(), fc.integer({ min: 3, max: 100 }), (text, maxBytes) => {
      const cut = truncateUtf8(text, maxBytes);
      const whole = text.toWellFormed();
      fc.pre(Buffer.byteLength(whole) > maxBytes);
      expect(cut.endsWith('…')).toBe(true);
      expect(whole.startsWith(cut.slice(0, -1))).toBe(true);
      expect(cut.isWellFormed()).toBe(true);
      const bytes = Buffer.byteLength(cut);
      expect(bytes).toBeLessThanOrEqual(maxBytes);
      // The next character would not have fitted.
      expect(bytes).toBeGreaterThan(maxBytes - 4);
    }),
  );
});

test('a text that fits is not cut', () => {
  fc.assert(
    fc.property(longText(), fc.nat(50), (text, room) => {
      const whole = text.toWellFormed();
      expect(truncateUtf8(text, Buffer.byteLength(whole) + room)).toBe(whole);
    }),
  );
});

test('the size of a text in a payload is that of its JSON', () => {
  fc.assert(
    fc.property(longText(), (text) => {
      expect(jsonBytes(text)).toBe(Buffer.byteLength(JSON.stringify(text)));
    }),
  );
});

test('a list in chunks has every item once, in order, and no chunk is too long or needlessly short', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 12 }), (items, size) => {
      const chunks = chunk(items, size);
      expect(chunks.flat()).toEqual(items);
      expect(chunks.slice(0, -1).every(({ length }) => length === size)).toBe(true);
      expect(chunks.every(({ length }) => length > 0 && length <= size)).toBe(true);
    }),
  );
});
