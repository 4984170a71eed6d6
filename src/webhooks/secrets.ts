/** The secrets that LlamaCloud signs deliveries with, as an environment variable or an option holds them. */

/** Shorter ones can be guessed from one delivery. */
const MIN_SECRET_LENGTH = 8;

/** Two, so that one can replace the other while batches that were created with the other are still running. */
const MAX_SECRETS = 2;

/** Reads `secret` or `new-secret,old-secret`. White space around a secret is left out. */
export function readSecrets(text: string): string[] {
  return text
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
}

/**
 * Finds what is wrong with the secrets. The answer follows their name in a sentence, and does not hold them.
 *
 * @returns `undefined` if they can be used.
 */
export function findSecretsProblem(secrets: readonly string[]): string | undefined {
  if (secrets.length === 0) return 'has no secret: without one, anybody could send deliveries';
  if (secrets.length > MAX_SECRETS) {
    return `has ${secrets.length} secrets: give one, or while you replace it two with a comma between them. A secret must not have a comma`;
  }
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    return `has a secret of less than ${MIN_SECRET_LENGTH} characters: make one with openssl rand -hex 32`;
  }
  return undefined;
}
