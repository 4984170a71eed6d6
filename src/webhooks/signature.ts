import { createHmac, timingSafeEqual } from 'node:crypto';

/** Header of a delivery: `sha256=` and the HMAC-SHA256 of the raw body in hexadecimal. */
export const SIGNATURE_HEADER = 'LC-Signature';

/** Reads the digest of `sha256=<hex>`. Returns `undefined` for anything else. */
export function readDigest(header: string | null): Buffer | undefined {
  const [, hex] = /^sha256=([0-9a-f]{64})$/i.exec(header?.trim() ?? '') ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

/** Whether `digest` is that of the data by one of the secrets. Takes the same time wherever the digests differ. */
export function isSigned(data: Uint8Array | string, digest: Buffer, secrets: readonly string[]): boolean {
  return secrets.some((secret) => timingSafeEqual(sign(data, secret), digest));
}

export function sign(data: Uint8Array | string, secret: string): Buffer {
  return createHmac('sha256', secret).update(data).digest();
}
