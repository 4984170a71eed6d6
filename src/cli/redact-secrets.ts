import { REDACTED } from '../protocol/index.js';

const SECRET_VARIABLES = [
  'LLAMA_CLOUD_API_KEY',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LLAMACLOUD_WEBHOOK_SECRET',
  // `name=value`, with a comma between two of them.
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_METRICS_HEADERS',
];

/** Shorter values are not redacted: ordinary words would be replaced. */
const MIN_SECRET_LENGTH = 6;

/** As LlamaCloud makes them. Such a key may be in no variable, and where no key belongs: after a mistyped option. */
const API_KEY = /\bllx-[\w-]{8,}/g;

/**
 * Replaces the values of secret environment variables by `[NAME]`: messages and stack traces of libraries may hold them. Also replaces
 * what looks like an API key of LlamaCloud.
 *
 * @param secrets Other secrets, such as those that options give.
 */
export function redactSecrets(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
  secrets: Iterable<string> = [],
): string {
  let redacted = text;
  for (const name of SECRET_VARIABLES) {
    // Some hold two secrets, with a comma between them.
    const parts = (env[name] ?? '').split(',');
    const values = name.endsWith('_HEADERS') ? parts.map((part) => part.slice(part.indexOf('=') + 1)) : [];
    for (const value of [env[name] ?? '', ...parts, ...values].map((part) => part.trim())) {
      if (value.length >= MIN_SECRET_LENGTH) redacted = redacted.replaceAll(value, `[${name}]`);
    }
  }
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) redacted = redacted.replaceAll(secret, REDACTED);
  }
  return redacted.replace(API_KEY, REDACTED);
}
