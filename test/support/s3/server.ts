import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { onTestFinished, vi } from 'vitest';
import { findFreePort, LOOPBACK } from '../../../src/testing/temporal/free-port.js';
import { waitForUrl } from '../../../src/testing/temporal/readiness.js';
import { startServerProcess } from '../../../src/testing/temporal/server-process.js';
import { installMoto } from './install-moto.js';

const START_TIMEOUT_MS = 120_000;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The server checks no credentials, unless `withPermissions` makes it. */
export const ANY_CREDENTIALS: Credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret-of-the-tests' };

/** A vitest process runs one file after the other. The server ends with the process. */
let server: Promise<string> | undefined;

/** The URL of the S3 server of this process, which is moto's. It keeps everything in memory. */
export function startS3Server(): Promise<string> {
  server ??= start();
  return server;
}

async function start(): Promise<string> {
  const { python, packages } = await installMoto();
  const port = await findFreePort();
  const run = [
    `import sys; sys.path.insert(0, ${JSON.stringify(packages)})`,
    'from moto.server import main',
    `main(["-H", "${LOOPBACK}", "-p", "${port}"])`,
  ].join('\n');
  // Isolated from packages of the user and of the environment.
  const process = startServerProcess({ path: python, args: ['-I', '-c', run] });
  const url = `http://${LOOPBACK}:${port}`;
  await waitForUrl(`${url}/moto-api/`, { deadlineMs: Date.now() + START_TIMEOUT_MS, exited: process.exited }).catch(
    async (error: unknown) => {
      await process.stop();
      throw new Error(`moto did not start. It wrote: ${process.output()}`, { cause: error });
    },
  );
  return url;
}

/** A client of the tests, for what a store does not do. */
export function createTestClient(endpoint: string, credentials = ANY_CREDENTIALS): S3Client {
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
}

/** Creates a bucket on the server of this process, and returns its name. */
export async function createBucket(): Promise<string> {
  const bucket = `test-${randomUUID()}`;
  const client = createTestClient(await startS3Server());
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** The environment for a server at an endpoint. Nothing of it comes from the machine. */
export function toAwsEnvironment(endpoint: string | undefined, credentials?: Credentials) {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: undefined,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: undefined,
    AWS_REQUEST_CHECKSUM_CALCULATION: undefined,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    // Otherwise the SDK asks the network for credentials if the environment has none.
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Sets the environment of this process for a server, until the test ends. @param credentials `null` for none. */
export function useS3(endpoint: string | undefined, credentials: Credentials | null = ANY_CREDENTIALS): void {
  const env = toAwsEnvironment(endpoint, credentials ?? undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}
