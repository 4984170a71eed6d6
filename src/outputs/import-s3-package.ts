import { errorCode } from './error-code.js';

/** An optional peer dependency: who uses folders does not install it. */
const S3_PACKAGE = '@aws-sdk/client-s3';

/**
 * Loads modules that need the AWS SDK.
 *
 * @param onMissing Throws the error of a caller without the package. Its argument says what to do.
 */
export async function importS3Package<T>(load: () => Promise<T>, onMissing: (reason: string) => never): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isMissing = errorCode(error) === 'ERR_MODULE_NOT_FOUND' && String(error).includes(`'${S3_PACKAGE}'`);
    if (!isMissing) throw error;
    return onMissing(`it needs ${S3_PACKAGE}. Run: npm install ${S3_PACKAGE}`);
  }
}
