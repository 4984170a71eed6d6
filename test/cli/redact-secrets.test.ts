import { expect, it } from 'vitest';
import { redactSecrets } from '../../src/cli/redact-secrets.js';

it('replaces a secret by the name of its variable, wherever it is', () => {
  const env = {
    LLAMA_CLOUD_API_KEY: ' llx-planted\n',
    TEMPORAL_API_KEY: 'tmprl-planted',
    AWS_SECRET_ACCESS_KEY: 'aws-planted',
    AWS_SESSION_TOKEN: 'token-planted',
    LLAMACLOUD_OUTPUT: './output',
  };
  expect(redactSecrets('a llx-planted, b tmprl-planted llx-planted aws-planted token-planted ./output', env)).toBe(
    'a [LLAMA_CLOUD_API_KEY], b [TEMPORAL_API_KEY] [LLAMA_CLOUD_API_KEY] [AWS_SECRET_ACCESS_KEY] [AWS_SESSION_TOKEN] ./output',
  );
});

it('replaces the secrets of options, and what looks like a key of LlamaCloud', () => {
  const text = "unknown command 'llx-mistyped-0123', key of-an-option; llx-... is a key";
  expect(redactSecrets(text, {}, ['of-an-option'])).toBe(
    "unknown command '[redacted]', key [redacted]; llx-... is a key",
  );
});

it('does not redact values that are too short to be secrets', () => {
  expect(redactSecrets('the key is set', { LLAMA_CLOUD_API_KEY: 'key' })).toBe('the key is set');
});

it('redacts each of two webhook secrets, and both together', () => {
  const env = { LLAMACLOUD_WEBHOOK_SECRET: 'whsec-new, whsec-old' };
  const name = '[LLAMACLOUD_WEBHOOK_SECRET]';
  expect(redactSecrets('whsec-old whsec-new | whsec-new, whsec-old', env)).toBe(`${name} ${name} | ${name}`);
});

it('redacts the values of the headers of OpenTelemetry', () => {
  const env = { OTEL_EXPORTER_OTLP_HEADERS: 'x-token=planted-token,authorization=Basic planted==' };
  expect(redactSecrets('Basic planted== and planted-token', env)).toBe(
    '[OTEL_EXPORTER_OTLP_HEADERS] and [OTEL_EXPORTER_OTLP_HEADERS]',
  );
});
