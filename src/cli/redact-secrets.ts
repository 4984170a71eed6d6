const SECRET_VARIABLES = [
  'LLAMA_CLOUD_API_KEY',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LLAMACLOUD_WEBHOOK_SECRET',
];

/** Shorter values are not redacted: ordinary words would be replaced. */
const MIN_SECRET_LENGTH = 6;

/** Replaces the values of secret environment variables by `[NAME]`: messages and stack traces of libraries may hold them. */
export function redactSecrets(text: string, env: NodeJS.ProcessEnv = process.env): string {
  let redacted = text;
  for (const name of SECRET_VARIABLES) {
    // Some hold two secrets, with a comma between them.
    for (const value of [env[name] ?? '', ...(env[name] ?? '').split(',')].map((part) => part.trim())) {
      if (value.length >= MIN_SECRET_LENGTH) redacted = redacted.replaceAll(value, `[${name}]`);
    }
  }
  return redacted;
}
