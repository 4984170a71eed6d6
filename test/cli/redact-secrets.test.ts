import { expect, it } from 'vitest';
import { redactSecrets } from '../../src/cli/redact-secrets.js';

it('replaces a secret by the name of its variable, wherever it is', () => {
  const env = {
    LLAMA_CLOUD_API_KEY: ' llx-planted\n',
    TEMPORAL_API_KEY: 'tmprl-planted',
    LLAMACLOUD_OUTPUT: './output',
  };
  expect(redactSecrets('a llx-planted, b tmprl-planted llx-planted ./output', env)).toBe(
    'a [LLAMA_CLOUD_API_KEY], b [TEMPORAL_API_KEY] [LLAMA_CLOUD_API_KEY] ./output',
  );
});

it('does not redact values that are too short to be secrets', () => {
  expect(redactSecrets('the key is set', { LLAMA_CLOUD_API_KEY: 'key' })).toBe('the key is set');
});
