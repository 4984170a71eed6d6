import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ConfigError,
  temporalConfigFromEnv,
  webhookReceiverConfigFromEnv,
  workerConfigFromEnv,
} from '../../src/config/config.js';

const KEY = 'llx-PLANTED-KEY-0123456789';
const SECRET = 'PLANTED-TEMPORAL-SECRET';

async function configFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'config-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'temporal.toml');
  await writeFile(path, content);
  return path;
}

function configError(read: () => unknown): ConfigError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('there was no error');
}

describe('the configuration', () => {
  test('needs only the API key', () => {
    expect(workerConfigFromEnv({ LLAMA_CLOUD_API_KEY: KEY })).toEqual({
      llamacloud: { apiKey: KEY, baseUrl: 'https://api.cloud.llamaindex.ai' },
      output: './out',
      temporal: { connection: {}, namespace: 'default', taskQueue: 'llamacloud' },
    });
  });

  test('says of a variable whose name has an underscore too many or too few that it is not read', () => {
    const env = { LLAMACLOUD_API_KEY: KEY, LLAMA_CLOUD_OUTPUT: '/data', LLAMA_CLOUD_TASK_QUEUE: 'documents' };
    expect(configError(() => workerConfigFromEnv(env)).problems).toEqual([
      'LLAMACLOUD_API_KEY is not read: the name is LLAMA_CLOUD_API_KEY',
      'LLAMA_CLOUD_OUTPUT is not read: the name is LLAMACLOUD_OUTPUT',
      expect.stringMatching(/^LLAMA_CLOUD_API_KEY is not set/),
      'LLAMA_CLOUD_TASK_QUEUE is not read: the name is LLAMACLOUD_TASK_QUEUE',
    ]);
    const both = { LLAMA_CLOUD_API_KEY: KEY, LLAMA_CLOUD_OUTPUT: '/data', LLAMACLOUD_OUTPUT: '/right' };
    expect(workerConfigFromEnv(both).output).toBe('/right');
  });

  test('takes every variable, without the white space around it', () => {
    const config = workerConfigFromEnv({
      LLAMA_CLOUD_API_KEY: ` ${KEY}\n`,
      LLAMA_CLOUD_BASE_URL: ' https://api.cloud.eu.llamaindex.ai ',
      LLAMACLOUD_OUTPUT: '\t/data/out ',
      LLAMACLOUD_TASK_QUEUE: ' documents ',
      LLAMACLOUD_REQUESTS_PER_SECOND: ' 2.5 ',
      LLAMACLOUD_WEBHOOK_URL: ' https://example.com/hook ',
      LLAMACLOUD_WEBHOOK_SECRET: ' whsec-new-one , whsec-old-one ',
      TEMPORAL_ADDRESS: ' temporal.example:7233 ',
      TEMPORAL_NAMESPACE: ' team ',
      TEMPORAL_API_KEY: ` ${SECRET}\n`,
      TEMPORAL_GRPC_META_X_TEAM: 'a',
    });
    expect(config).toEqual({
      llamacloud: { apiKey: KEY, baseUrl: 'https://api.cloud.eu.llamaindex.ai' },
      output: '/data/out',
      requestsPerSecond: 2.5,
      // LlamaCloud signs with the first.
      webhook: { url: 'https://example.com/hook', secret: 'whsec-new-one' },
      temporal: {
        connection: { address: 'temporal.example:7233', apiKey: SECRET, tls: true, metadata: { 'x-team': 'a' } },
        namespace: 'team',
        taskQueue: 'documents',
      },
    });
  });

  test.each(['', ' '])('treats %j as unset', (empty) => {
    const names = ['LLAMA_CLOUD_BASE_URL', 'LLAMACLOUD_OUTPUT', 'LLAMACLOUD_TASK_QUEUE', 'TEMPORAL_ADDRESS'];
    names.push('TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_CONFIG_FILE', 'TEMPORAL_PROFILE', 'TEMPORAL_TLS');
    const env = Object.fromEntries(names.map((name) => [name, empty]));
    const unset = workerConfigFromEnv({ LLAMA_CLOUD_API_KEY: KEY });
    expect(workerConfigFromEnv({ ...env, LLAMA_CLOUD_API_KEY: KEY })).toEqual(unset);
  });

  test('is read from the process where nothing else is given', () => {
    const before = process.env.LLAMACLOUD_TASK_QUEUE;
    onTestFinished(() => {
      if (before === undefined) delete process.env.LLAMACLOUD_TASK_QUEUE;
      else process.env.LLAMACLOUD_TASK_QUEUE = before;
    });
    process.env.LLAMACLOUD_TASK_QUEUE = 'of-the-process';
    expect(temporalConfigFromEnv().taskQueue).toBe('of-the-process');
  });
});

describe('where Temporal is', () => {
  const file = `
    [profile.default]
    address = "file.example:7233"
    namespace = "of-the-file"
    api_key = "${SECRET}"
    [profile.default.grpc_meta]
    x-team = "a"
    [profile.other]
    address = "other.example:7233"`;

  test('needs no LlamaCloud key', () => {
    expect(temporalConfigFromEnv({})).toEqual({ connection: {}, namespace: 'default', taskQueue: 'llamacloud' });
  });

  test('comes from Temporal’s own configuration file, in the profile that is asked for', async () => {
    const TEMPORAL_CONFIG_FILE = await configFile(file);
    expect(temporalConfigFromEnv({ TEMPORAL_CONFIG_FILE })).toEqual({
      connection: { address: 'file.example:7233', apiKey: SECRET, tls: true, metadata: { 'x-team': 'a' } },
      namespace: 'of-the-file',
      taskQueue: 'llamacloud',
    });
    const other = temporalConfigFromEnv({ TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'other' });
    expect(other).toMatchObject({ connection: { address: 'other.example:7233' }, namespace: 'default' });
  });

  test('comes from variables before the file, and an empty header removes the one of the file', async () => {
    const config = temporalConfigFromEnv({
      TEMPORAL_CONFIG_FILE: await configFile(file),
      TEMPORAL_ADDRESS: 'variable.example:7233',
      TEMPORAL_NAMESPACE: '',
      TEMPORAL_TLS: 'false',
      'TEMPORAL_GRPC_META_X-TEAM': '',
    });
    expect(config.connection).toEqual({ address: 'variable.example:7233', apiKey: SECRET, tls: false, metadata: {} });
    expect(config.namespace).toBe('of-the-file');
  });

  test('takes the certificates of TLS, from files and from variables, and the name of the server', async () => {
    const [cert, key, authority] = ['CERTIFICATE', `KEY ${SECRET}`, 'AUTHORITY'];
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
    const expected = {
      serverNameOverride: 'temporal.internal',
      serverRootCACertificate: bytes(authority),
      clientCertPair: { crt: bytes(cert), key: bytes(key) },
    };
    const byData = temporalConfigFromEnv({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_TLS_CLIENT_CERT_DATA: cert,
      TEMPORAL_TLS_CLIENT_KEY_DATA: key,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: authority,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.internal',
    });
    expect(byData.connection).toEqual({ address: 'temporal.example:7233', tls: expected });
    const byPath = temporalConfigFromEnv({
      TEMPORAL_TLS_CLIENT_CERT_PATH: await configFile(cert),
      TEMPORAL_TLS_CLIENT_KEY_PATH: await configFile(key),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: await configFile(authority),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.internal',
    });
    expect(byPath.connection).toEqual({ tls: expected });
    const path = await configFile(cert);
    const ofProfile = await configFile(
      `[profile.cloud]\naddress = "cloud.example:7233"\n[profile.cloud.tls]\nclient_cert_path = "${path}"\nclient_key_path = "${path}"`,
    );
    const fromFile = temporalConfigFromEnv({ TEMPORAL_CONFIG_FILE: ofProfile, TEMPORAL_PROFILE: 'cloud' });
    expect(fromFile.connection).toMatchObject({ tls: { clientCertPair: { crt: bytes(cert), key: bytes(cert) } } });
  });

  test('is TLS without certificates where that is asked for, and none where it is turned off', () => {
    expect(temporalConfigFromEnv({ TEMPORAL_TLS: 'true' }).connection.tls).toBeTruthy();
    expect(temporalConfigFromEnv({ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: SECRET }).connection.tls).toBe(false);
  });

  test.each([
    ['a certificate without its key', { TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' }, 'go together'],
    ['a key without its certificate', { TEMPORAL_TLS_CLIENT_KEY_DATA: SECRET }, 'go together'],
    ['a file that is not there', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere.pem' }, '/nowhere.pem'],
    ['a text and a file', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/a', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'x' }, 'both'],
    ['a profile that the file does not have', { TEMPORAL_PROFILE: 'nope' }, 'nope'],
  ])('is a problem for %s', (_, env, problem) => {
    const { problems } = configError(() => temporalConfigFromEnv(env));
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toContain(SECRET);
  });

  test.each([
    ['a line that is no TOML', `[profile.default]\naddress = "a:1"\napi_key = ${SECRET}`, 'line 3'],
    ['a string that does not end', `[profile.default]\napi_key = "${SECRET}\nnamespace = "n"`, 'line 2'],
    ['the wrong structure', `[profile]\ndefault = "${SECRET}"`, 'wrong structure'],
    ['no profile', `api_key = "${SECRET}"`, 'wrong structure'],
  ])('is a problem for a configuration file with %s, which is not quoted', async (_, content, problem) => {
    const TEMPORAL_CONFIG_FILE = await configFile(content);
    const error = configError(() => temporalConfigFromEnv({ TEMPORAL_CONFIG_FILE }));
    expect(error.problems).toEqual([expect.stringMatching(/^TEMPORAL_\*: .+/)]);
    expect(error.message).toContain(problem);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
  });

  test('is a problem for a missing profile, and for a missing certificate', () => {
    const profile = configError(() => temporalConfigFromEnv({ TEMPORAL_PROFILE: 'gone' }));
    expect(profile.problems).toEqual(["TEMPORAL_*: Profile 'gone' not found in config data"]);
    const certificate = { TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere.pem' };
    expect(configError(() => temporalConfigFromEnv(certificate)).message).toContain('/nowhere.pem');
  });
});

describe('the problems of a configuration', () => {
  test('are listed all at once, each with its variable', () => {
    const error = configError(() =>
      workerConfigFromEnv({
        LLAMA_CLOUD_API_KEY: ' ',
        LLAMA_CLOUD_BASE_URL: 'api.cloud.llamaindex.ai',
        LLAMACLOUD_OUTPUT: 'ftp://host/folder',
        LLAMACLOUD_REQUESTS_PER_SECOND: 'ten',
        TEMPORAL_PROFILE: 'gone',
      }),
    );
    expect(error.name).toBe('ConfigError');
    expect(error.problems).toEqual([
      'LLAMA_CLOUD_API_KEY is not set: set it to your LlamaCloud API key, llx-...',
      'LLAMA_CLOUD_BASE_URL is not an http or https URL',
      'LLAMACLOUD_OUTPUT: ftp:// is not supported as output: give a folder, or s3://bucket/prefix',
      'LLAMACLOUD_REQUESTS_PER_SECOND must be a number above 0, such as 10 or 0.5',
      "TEMPORAL_*: Profile 'gone' not found in config data",
    ]);
    expect(error.message).toBe(['Invalid configuration:', ...error.problems].join('\n  - '));
  });

  test.each(['ftp://a', 'http://', `https://user:${SECRET}@a`, `https://a/?key=${SECRET}`])(
    'are listed for the base URL %s',
    (LLAMA_CLOUD_BASE_URL) => {
      const error = configError(() => workerConfigFromEnv({ LLAMA_CLOUD_API_KEY: KEY, LLAMA_CLOUD_BASE_URL }));
      expect(error.problems).toEqual([expect.stringMatching(/^LLAMA_CLOUD_BASE_URL (is not|must not)/)]);
      expect(error.message).not.toContain(SECRET);
    },
  );

  test.each(['/api', '/api/', '/api/v1', '/api/v2', '/api/v2/', '/prefix/api/v2', '/api/v2/batches'])(
    'are listed for a base URL with the API path %s',
    (path) => {
      const env = { LLAMA_CLOUD_API_KEY: KEY, LLAMA_CLOUD_BASE_URL: `https://api.cloud.llamaindex.ai${path}` };
      const apiPath = path.replace('/prefix', '').replace(/\/$/, '');
      expect(configError(() => workerConfigFromEnv(env)).problems).toEqual([
        `LLAMA_CLOUD_BASE_URL must not end with an API path: leave out the path ${apiPath}`,
      ]);
    },
  );

  test.each(['', '/', '/prefix', '/apiary', '/api/vendor'])(
    'are not listed for a base URL with the path %j',
    (path) => {
      const baseUrl = `https://proxy.example${path}`;
      const env = { LLAMA_CLOUD_API_KEY: KEY, LLAMA_CLOUD_BASE_URL: baseUrl };
      expect(workerConfigFromEnv(env).llamacloud.baseUrl).toBe(baseUrl);
    },
  );

  test.each([
    [`${KEY} ${KEY}`, 'has a space'],
    [`${KEY}\n${KEY}`, 'has a space, a line break'],
    [`${KEY}ü`, 'a character that no key has'],
    [`Bearer ${KEY}`, 'starts with "Bearer": leave that out'],
    [`"${KEY}"`, 'is in quotes: leave them out'],
    [`https://api.cloud.llamaindex.ai/?key=${KEY}`, 'is a URL'],
    ['llx-', 'is a placeholder'],
    ['llx-...', 'is a placeholder'],
    ['llx-…', 'is a placeholder'],
    ['llx-xxxxxxxx', 'is a placeholder'],
    ['<your-llama-cloud-api-key>', 'is a placeholder'],
    ['YOUR_API_KEY', 'is a placeholder'],
  ])('are listed for an API key that can not be one, without the key, %#', (key, problem) => {
    const error = configError(() => workerConfigFromEnv({ LLAMA_CLOUD_API_KEY: key, LLAMACLOUD_OUTPUT: 'ftp://b' }));
    expect(error.problems).toHaveLength(2);
    expect(error.problems[0]).toMatch(/^LLAMA_CLOUD_API_KEY /);
    expect(error.problems[0]).toContain(problem);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(KEY);
  });
});

describe('the configuration of webhooks', () => {
  const WORKER = { LLAMA_CLOUD_API_KEY: KEY };

  test.each([
    [{ LLAMACLOUD_WEBHOOK_URL: 'https://example.com' }, /^LLAMACLOUD_WEBHOOK_SECRET has no secret/],
    [
      { LLAMACLOUD_WEBHOOK_URL: 'example.com?token=PLANTED', LLAMACLOUD_WEBHOOK_SECRET: 'whsec-good-one' },
      /^LLAMACLOUD_WEBHOOK_URL is not an http or https URL$/,
    ],
    [
      { LLAMACLOUD_WEBHOOK_URL: 'https://example.com', LLAMACLOUD_WEBHOOK_SECRET: 'PLANTED' },
      /^LLAMACLOUD_WEBHOOK_SECRET has a secret of less than 8 characters/,
    ],
    [{ LLAMA_CLOUD_WEBHOOK_URL: 'https://example.com' }, /^LLAMA_CLOUD_WEBHOOK_URL is not read/],
  ])('is wrong for a worker with %j', (env, problem) => {
    const error = configError(() => workerConfigFromEnv({ ...WORKER, ...env }));
    expect(error.problems).toEqual([expect.stringMatching(problem)]);
    expect(inspect(error)).not.toContain('PLANTED');
  });

  test('of a worker needs the URL: the secret may be there for a receiver', () => {
    expect(workerConfigFromEnv({ ...WORKER, LLAMACLOUD_WEBHOOK_SECRET: 'short' })).not.toHaveProperty('webhook');
  });

  test('of a receiver needs the secret, and no key', () => {
    expect(webhookReceiverConfigFromEnv({ LLAMACLOUD_WEBHOOK_SECRET: 'whsec-new-one,whsec-old-one,' })).toEqual({
      secrets: ['whsec-new-one', 'whsec-old-one'],
      temporal: { connection: {}, namespace: 'default', taskQueue: 'llamacloud' },
    });
    const env = { LLAMACLOUD_WEBHOOK_SECRET: 'with-a,comma-or,-two-of-them', LLAMA_CLOUD_TASK_QUEUE: 'x' };
    expect(configError(() => webhookReceiverConfigFromEnv(env)).problems).toEqual([
      expect.stringMatching(/^LLAMACLOUD_WEBHOOK_SECRET has 3 secrets/),
      expect.stringMatching(/^LLAMA_CLOUD_TASK_QUEUE is not read/),
    ]);
  });
});
