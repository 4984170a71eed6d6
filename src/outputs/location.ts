/** Where an output store or the source of a corpus is. */
export type OutputLocation =
  | { readonly type: 'directory'; readonly path: string }
  /** `prefix` neither starts nor ends with a slash. It is empty for the whole bucket. */
  | { readonly type: 's3'; readonly bucket: string; readonly prefix: string };

/** A key of S3 has at most 1,024 bytes. The names below the prefix take about 550 at most. */
const MAX_PREFIX_BYTES = 300;

const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/** Also what S3-compatible servers allow beyond S3's own rules. No `@` and `:`, so that nobody puts credentials here. */
const BUCKET = /^[a-z0-9][a-z0-9._-]*$/i;

const CONTROL = /\p{Cc}/u;

/**
 * Reads a location as people write it: a folder, or `s3://bucket/prefix`.
 *
 * @throws TypeError if it is empty, has another scheme, or is no S3 location. The message does not repeat it: it may hold credentials.
 */
export function parseOutputLocation(location: string): OutputLocation {
  return parseLocation(location, 'output');
}

/** The same, for messages about an output or a source. */
export function parseLocation(location: string, use: 'output' | 'source'): OutputLocation {
  const text = location.trim();
  if (text === '') throw new TypeError(`the ${use} location is empty: give a folder, or s3://bucket/prefix`);
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { type: 'directory', path: text };
  if (scheme === 's3') return parseS3(text.slice('s3://'.length));
  throw new TypeError(`${scheme}:// is not supported as ${use}: give a folder, or s3://bucket/prefix`);
}

function parseS3(text: string): OutputLocation {
  const [bucket = '', ...names] = text.split('/');
  if (!BUCKET.test(bucket)) throw new TypeError('s3:// needs the name of a bucket: give s3://bucket/prefix');
  const prefix = names.join('/').replace(/^\/+|\/+$/g, '');
  const isPlain = prefix === '' || prefix.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  if (!isPlain || CONTROL.test(prefix) || !prefix.isWellFormed()) {
    throw new TypeError('the prefix of an s3:// location has an empty name, . or .., or a control character');
  }
  if (Buffer.byteLength(prefix) > MAX_PREFIX_BYTES) {
    throw new TypeError(`the prefix of an s3:// location has at most ${MAX_PREFIX_BYTES} bytes`);
  }
  return { type: 's3', bucket, prefix };
}
