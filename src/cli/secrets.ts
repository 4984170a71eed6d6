const SECRETS = [
  'LLAMA_CLOUD_API_KEY',
  'LLAMACLOUD_WEBHOOK_SECRET',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
];

/** Shorter than this is no secret, and hiding it would garble ordinary words. */
const SHORTEST = 6;

/** What others put into their messages and stack traces must not carry a secret of the environment into a log. */
export function withoutSecrets(text: string, env: NodeJS.ProcessEnv = process.env): string {
  let clean = text;
  for (const name of SECRETS) {
    const value = env[name]?.trim();
    if (value !== undefined && value.length >= SHORTEST) clean = clean.replaceAll(value, `[${name}]`);
  }
  return clean;
}
