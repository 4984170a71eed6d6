import { expect, it } from 'vitest';
import { withoutSecrets } from '../../src/cli/secrets.js';

it('puts the name of its variable in the place of a secret, wherever that is', () => {
  const env = {
    LLAMA_CLOUD_API_KEY: ' llx-planted\n',
    LLAMACLOUD_WEBHOOK_SECRET: 'whsec-planted',
    TEMPORAL_API_KEY: 'tmprl-planted',
    LLAMACLOUD_OUTPUT: './output',
  };
  expect(withoutSecrets('a llx-planted, b whsec-planted, c tmprl-planted llx-planted ./output', env)).toBe(
    'a [LLAMA_CLOUD_API_KEY], b [LLAMACLOUD_WEBHOOK_SECRET], c [TEMPORAL_API_KEY] [LLAMA_CLOUD_API_KEY] ./output',
  );
});

it('leaves words alone that are too short to be secrets', () => {
  expect(withoutSecrets('the key is set', { LLAMA_CLOUD_API_KEY: 'key' })).toBe('the key is set');
});
