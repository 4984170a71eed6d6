import { describe, expect, test } from 'vitest';
import { cleanText, redactUrls, truncateUtf8 } from '../../src/protocol/index.js';

/** In every URL below, whatever is a secret has this in it. */
const SECRET = 'PLANTED';
const AWS = `https://b.s3.amazonaws.com/a%20b.md?X-Amz-Credential=${SECRET}&X-Amz-Signature=${SECRET}`;
const GCS = `https://storage.googleapis.com/b/o.json?X-Goog-Signature=${SECRET}`;
const AZURE = `https://a.blob.core.windows.net/c/f?sv=2024-01-01&sr=b&sig=${SECRET}%3D`;

const URLS = [
  AWS,
  GCS,
  AZURE,
  `HTTPS://A.EXAMPLE/B?SIG=${SECRET}`,
  `https://a.example/b#access_token=${SECRET}`,
  `https://a.example?${SECRET}`,
  `https://user:${SECRET}@a.example/b`,
  `https://${SECRET}@a.example`,
  `postgres://user:${SECRET}@db.example:5432/x`,
  `https://user:${SECRET}@a.example/b?sig=${SECRET}#${SECRET}`,
  `http://[::1]:8080/b?sig=${SECRET}`,
  `https://a.example/é/b?sig=${SECRET}`,
  `https://proxy.example/https://user:${SECRET}@a.example/b`,
  `https://a.example/?sig='${SECRET}'\\u0026b=${SECRET}`,
  `https://a.example/b\0c?sig=x\0${SECRET}`,
];

const AROUND = [
  (url: string) => url,
  (url: string) => `see ${url}.`,
  (url: string) => `"${url}", then`,
  (url: string) => `'${url}'`,
  (url: string) => `<a href="${url}">here</a>`,
  (url: string) => `<${url}>`,
  (url: string) => `[file](${url})!`,
  (url: string) => `xhttps://c.example/ok,${url}`,
  (url: string) => `${url} and\n${url}\tand ${AWS}`,
  (url: string) => JSON.stringify({ url, next: url }),
];

const TEXTS = URLS.flatMap((url) => AROUND.map((around) => around(url)));

const ODD = [
  '',
  ' \n\t ',
  'a\0b\u001b[31mc\u0085d\r\ne',
  'half \ud83d a pair',
  '\udc00\ud83d',
  '😀'.repeat(2_000),
  'é'.repeat(2_000),
  '\ud83d'.repeat(2_000),
  'a'.repeat(5_000_000),
  `${'a'.repeat(1_199)}😀`,
  ' '.repeat(10_000),
];

const LIMITS = [60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 300, 1_000];

describe('redactUrls', () => {
  test.each([
    ['at https://a.example/b?c=d#e.', 'at https://a.example/b?[redacted]'],
    ['"HTTP://a.example/b?c=d", then', '"HTTP://a.example/b?[redacted]", then'],
    ['<https://a.example?c> (http://b.example/?d=e)', '<https://a.example?[redacted]> (http://b.example/?[redacted]'],
    ["https://a.example/?sig='x'\\u0026b=c", 'https://a.example/?[redacted]'],
    ['https://a.example/b#c d', 'https://a.example/b#[redacted] d'],
    ['https://user:pass@a.example/b, c', 'https://[redacted]@a.example/b, c'],
    ['https://a.example:8080/b ftp://a?b http://c? what?', 'https://a.example:8080/b ftp://a?b http://c? what?'],
    ['mail a@b.example about 1:2', 'mail a@b.example about 1:2'],
    ['', ''],
  ])('%s', (text, redacted) => {
    expect(redactUrls(text)).toBe(redacted);
  });

  test('leaves no secret of a URL, whatever stands around it, and does nothing the second time', () => {
    for (const text of TEXTS) {
      const redacted = redactUrls(text);
      expect(redacted).not.toContain(SECRET);
      expect(redactUrls(redacted)).toBe(redacted);
    }
  });

  test.each(['http://', 'https://a?', '://a@', 'https://a@'])('takes time by the length of the text: %s', (part) => {
    redactUrls(part.repeat(1_000_000));
  });
});

describe('cleanText', () => {
  const all = [...TEXTS, ...ODD, ...TEXTS.flatMap((text) => ODD.slice(0, 8).map((odd) => `${odd}${text}${odd}`))];

  test.each(LIMITS)(
    'makes one well-formed line of at most %i bytes without secrets, and does it once for all',
    (limit) => {
      const isClean = (text: string) =>
        text.isWellFormed() &&
        !/\p{Cc}/u.test(text) &&
        !text.includes(SECRET) &&
        Buffer.byteLength(text) <= limit &&
        cleanText(text, limit) === text;
      expect(all.map((text) => cleanText(text, limit)).filter((text) => !isClean(text))).toEqual([]);
    },
  );

  test('hides a URL wherever the text is cut', () => {
    const [limit, text] = [100, `https://user:${SECRET}@a.example/b?sig=${SECRET}&x=${'y'.repeat(300)}`];
    // White space goes away after the first cut, so that what stands before that cut is seen.
    for (let spaces = 0; spaces < 4 * limit; spaces++) {
      expect(cleanText(`${' '.repeat(spaces)}${text}`, limit)).not.toContain('PLAN');
    }
  });

  test('leaves good text as it is', () => {
    for (const text of ['Ärger: "no" such file, 5 % of 3', 'https://a.example/b', '日本語 😀'])
      expect(cleanText(text)).toBe(text);
  });

  test('cuts at 300 bytes unless told otherwise', () => {
    expect(cleanText('a'.repeat(300))).toBe('a'.repeat(300));
    expect(cleanText('a'.repeat(301))).toBe(`${'a'.repeat(297)}…`);
  });
});

describe('truncateUtf8', () => {
  test.each(LIMITS)('keeps at most %i bytes of whole characters, and says that it has cut', (limit) => {
    for (const text of [...TEXTS, ...ODD]) {
      const cut = truncateUtf8(text, limit);
      const whole = text.toWellFormed();
      expect(cut.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
      expect(truncateUtf8(cut, limit)).toBe(cut);
      if (Buffer.byteLength(whole) <= limit) expect(cut).toBe(whole);
      else {
        expect(cut.endsWith('…') && whole.startsWith(cut.slice(0, -1))).toBe(true);
        // No more is lost than the last character and the room for the mark.
        expect(Buffer.byteLength(cut)).toBeGreaterThan(limit - 4);
      }
    }
  });
});
