import { DirectoryStore } from './directory-store.js';
import { errorCode } from './error-code.js';
import { parseOutputLocation } from './location.js';
import { OutputError } from './output-error.js';
import type { OutputStore } from './store.js';

/** An optional peer dependency: who writes to a folder does not install it. */
const S3_PACKAGE = '@aws-sdk/client-s3';

/**
 * Opens the store that `LLAMACLOUD_OUTPUT` names: a folder, or `s3://bucket/prefix`. S3 is configured by the environment of the AWS SDK. Nothing
 * is requested yet: call `check()`.
 *
 * @throws TypeError if the location is neither.
 * @throws OutputError if the package that S3 needs is not installed.
 */
export async function openOutputStore(location: string): Promise<OutputStore> {
  const parsed = parseOutputLocation(location);
  if (parsed.type === 'directory') return new DirectoryStore(parsed.path);
  const { createS3Client, S3Store } = await importS3(location.trim());
  return new S3Store(await createS3Client(), parsed);
}

async function importS3(location: string) {
  try {
    const [{ createS3Client }, { S3Store }] = await Promise.all([import('./s3-client.js'), import('./s3-store.js')]);
    return { createS3Client, S3Store };
  } catch (error) {
    const isMissing = errorCode(error) === 'ERR_MODULE_NOT_FOUND' && String(error).includes(`'${S3_PACKAGE}'`);
    if (!isMissing) throw error;
    throw new OutputError('open', location, `it needs ${S3_PACKAGE}. Run: npm install ${S3_PACKAGE}`);
  }
}
