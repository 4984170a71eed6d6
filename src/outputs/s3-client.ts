import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** The time for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that has been silent for so long is dead, in milliseconds. The client of LlamaCloud waits as long. */
const SILENCE_TIMEOUT_MS = 60_000;

/** Servers other than AWS mostly ignore the region, but a signature needs one. */
const REGION_OF_OTHER_SERVERS = 'us-east-1';

/**
 * A client that is configured by the environment and the files of the AWS SDK: credentials, region, `AWS_ENDPOINT_URL`.
 *
 * @param silenceTimeoutMs A request fails after so long without a byte, in milliseconds. Default 60,000.
 */
export async function createS3Client(silenceTimeoutMs = SILENCE_TIMEOUT_MS): Promise<S3Client> {
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  const options: S3ClientConfig = {
    // Temporal is the only retry layer: it shows each failure, and does not count attempts that the SDK would hide.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: silenceTimeoutMs,
      // For the calls that have a timeout of their own.
      throwOnRequestTimeout: true,
      // Temporal limits how many activities write at a time. A request that waited for a socket would run into its timeout.
      httpAgent: agent,
      httpsAgent: agent,
    },
    // TLS and Content-Length notice damage. The SDK's check would hide the errors of the stream that it wraps.
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REQUEST_CHECKSUM_CALCULATION } = process.env;
  if (!AWS_ENDPOINT_URL_S3 && !AWS_ENDPOINT_URL) return new S3Client(options);

  const ownEndpoint: S3ClientConfig = {
    ...options,
    // Servers without a DNS name for each bucket.
    forcePathStyle: true,
    // Many servers do not know the checksums that the SDK adds by default.
    ...(AWS_REQUEST_CHECKSUM_CALCULATION ? {} : { requestChecksumCalculation: 'WHEN_REQUIRED' }),
  };
  const client = new S3Client(ownEndpoint);
  const region = await client.config.region().catch(() => undefined);
  return region === undefined ? new S3Client({ ...ownEndpoint, region: REGION_OF_OTHER_SERVERS }) : client;
}
