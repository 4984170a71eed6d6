import { importS3Package } from '../outputs/import-s3-package.js';
import { parseLocation } from '../outputs/location.js';
import { FolderSource } from './folder-source.js';
import type { CorpusSource } from './source.js';
import { SourceError } from './source-error.js';

/** Opens a source by its location. */
export type OpenCorpusSource = (location: string) => Promise<CorpusSource>;

/**
 * Opens a folder, or `s3://bucket/prefix`. S3 is configured by the environment of the AWS SDK. Nothing is requested yet.
 *
 * @throws TypeError if the location is neither.
 * @throws SourceError if the package that S3 needs is not installed.
 */
export async function openCorpusSource(location: string): Promise<CorpusSource> {
  const parsed = parseLocation(location, 'source');
  if (parsed.type === 'directory') return new FolderSource(parsed.path);
  const load = () => Promise.all([import('../outputs/s3-client.js'), import('./s3-source.js')]);
  const [{ createS3Client }, { S3Source }] = await importS3Package(load, (reason) => {
    throw new SourceError('open', location.trim(), reason);
  });
  return new S3Source(await createS3Client(), parsed);
}
