import { errorCode } from './error-code.js';

/** Signatures and session tokens, in case a server repeats what it was sent. */
const LONG_TOKEN = /[A-Za-z0-9+/=]{40,}/g;

const REJECTED_CREDENTIALS: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidClientTokenId',
]);

const OTHER_REGION: ReadonlySet<string> = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/** Errors that pass by themselves. S3 answers the first with 400, as it does when KMS gets too many requests. */
const TRANSIENT = /^RequestTimeout$|Throttl/;

/** Whether an error with a status from 400 to 499 is one of every request, rather than of the object that was asked for. */
export function isOfEveryRequest(error: Error): boolean {
  const { name } = error;
  const status = statusOf(error);
  if (status === 401 || status === 408 || status === 429 || TRANSIENT.test(name)) return true;
  return (
    name === 'NoSuchBucket' ||
    name === 'RequestTimeTooSkewed' ||
    REJECTED_CREDENTIALS.has(name) ||
    OTHER_REGION.has(name)
  );
}

/** Turns an error of the AWS SDK into one that says what a person can do. The SDK's errors also hold the request and the response. */
export function toS3Error(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = errorCode(error);
  const readable = Object.assign(new Error(toReason(error)), {
    name: error.name,
    ...(code === undefined ? {} : { code }),
  });
  if (error.stack !== undefined) readable.stack = error.stack;
  return readable;
}

function toReason(error: Error): string {
  const { name } = error;
  const status = statusOf(error);
  const message = error.message.replace(LONG_TOKEN, '…');
  if (name === 'NoSuchBucket') return 'the bucket does not exist: create it, or correct the location';
  if (REJECTED_CREDENTIALS.has(name)) {
    return `the credentials are rejected (${name}): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile or role`;
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return `there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (${message})`;
  }
  if (message === 'Region is missing') return 'there is no AWS region: set AWS_REGION to the region of the bucket';
  if (OTHER_REGION.has(name) || status === 301 || status === 307) {
    const region = regionOf(error);
    return region === undefined
      ? `the bucket is in another region: set AWS_REGION to its region (${message})`
      : `the bucket is in the region ${region}: set AWS_REGION=${region}`;
  }
  if (status === 403 && name !== 'RequestTimeTooSkewed')
    return `access is denied: the worker lacks a permission, or the bucket's policy denies it (${message})`;
  const code = errorCode(error);
  // The SDK calls these timeouts as well.
  if (code === 'ECONNRESET' || code === 'EPIPE') return `the connection was cut off (${code})`;
  if (name === 'TimeoutError') return 'the store did not respond in time';
  // A connection that was tried with several addresses has no message of its own.
  if (status === undefined) return message || (code ?? name);
  // A response without a body, or the page of a gateway.
  const isUnknown = message === 'UnknownError' || message.includes('Deserialization error');
  return isUnknown ? `the response has status ${status}` : `${name}: ${message} (HTTP ${status})`;
}

/** The HTTP status of the response. `undefined` if there was none. */
export function statusOf(error: unknown): number | undefined {
  const status = fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

function regionOf(error: Error): string | undefined {
  const header = fieldOf(fieldOf(fieldOf(error, '$response'), 'headers'), 'x-amz-bucket-region');
  const region = header ?? fieldOf(error, 'Region');
  return typeof region === 'string' && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
