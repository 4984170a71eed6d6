import { DirectoryStore } from './directory-store.js';
import { importS3Package } from './import-s3-package.js';
import { parseOutputLocation } from './location.js';
import { OutputError } from './output-error.js';
import type { OutputStore } from './store.js';

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
  const load = () => Promise.all([import('./s3-client.js'), import('./s3-store.js')]);
  const [{ createS3Client }, { S3Store }] = await importS3Package(load, (reason) => {
    throw new OutputError('open', location.trim(), reason);
  });
  return new S3Store(await createS3Client(), parsed);
}
