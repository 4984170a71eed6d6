import { beforeAll, describe, expect, test } from 'vitest';
import { openNamespace, type TestNamespace } from '../../../support/namespace.js';
import { newFolder } from '../../../support/new-folder.js';
import { files } from '../../../support/test-environment.js';
import {
  createAuthority,
  createCertificate,
  SERVER_NAME,
  startTlsFront,
  type TlsFront,
} from '../../../support/tls-front.js';
import { cliProcess, readJson } from '../../cli-process.js';
import { deployWorker, untilPolling } from './support.js';

const API_KEY = 'planted-temporal-key';

/** A worker and a command in processes of their own, which have nothing but environment variables. */
describe('Temporal over TLS', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  async function runBatch({ address }: TlsFront, settings: Readonly<Record<string, string>>): Promise<void> {
    const { worker, emulator, env } = await deployWorker({ ...temporal, address }, settings);
    await untilPolling(worker);
    const { id } = await emulator.addDirectory(files(2));
    const started = await cliProcess(
      ['start', '--directory', id, '--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC', '--wait', '--json'],
      { env },
    );
    expect(started, started.stderr).toMatchObject({ code: 0 });
    expect(readJson(started)).toMatchObject({ report: { files: { completed: 2 } } });
    const { code, stdout, stderr } = await worker.stop();
    expect(code).toBe(0);
    for (const printed of [started.stdout, started.stderr, stdout, stderr]) expect(printed).not.toContain(API_KEY);
  }

  test('with a client certificate, where the server asks for one (mTLS)', async () => {
    const clients = await createAuthority('the authority of the clients');
    const client = await createCertificate('a worker', clients);
    const front = await startTlsFront(temporal.address, { clientAuthority: clients.cert });
    await runBatch(front, {
      TEMPORAL_TLS_CLIENT_CERT_DATA: client.cert,
      TEMPORAL_TLS_CLIENT_KEY_DATA: client.key,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: front.authority,
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
    });
    const paths = front.requests.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([expect.stringMatching(/PollWorkflowTaskQueue$/), expect.stringMatching(/StartWorkflow/)]),
    );
  });

  test('with an API key, as in Temporal Cloud', async () => {
    const front = await startTlsFront(temporal.address, { apiKey: API_KEY });
    await runBatch(front, {
      TEMPORAL_API_KEY: API_KEY,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: front.authority,
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
    });
    expect(new Set(front.requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${API_KEY}`]));
  });

  test('that does not come about: the worker and a command say what to check', async () => {
    const clients = await createAuthority('the authority of the clients');
    const cluster = await startTlsFront(temporal.address, { clientAuthority: clients.cert });
    const cloud = await startTlsFront(temporal.address, { apiKey: API_KEY });
    const toCluster = { TEMPORAL_ADDRESS: cluster.address };
    const toCloud = { TEMPORAL_ADDRESS: cloud.address, TEMPORAL_TLS_SERVER_CA_CERT_DATA: cloud.authority };
    const named = { TEMPORAL_TLS_SERVER_NAME: SERVER_NAME };
    const unreachable = "error: Temporal can't be reached at";
    const certificate = `${unreachable} .*\nhint: .*TEMPORAL_TLS_SERVER_CA_CERT_PATH.*TEMPORAL_TLS_SERVER_NAME.*TEMPORAL_TLS_CLIENT_CERT_PATH`;
    const trials: [name: string, env: Record<string, string>, message: string][] = [
      ['no TLS', toCluster, `${unreachable} .*\nhint: .*TEMPORAL_TLS=true`],
      ['an authority that nobody knows', { ...toCluster, ...named, TEMPORAL_TLS: 'true' }, certificate],
      [
        'no certificate of the client',
        { ...toCluster, ...named, TEMPORAL_TLS_SERVER_CA_CERT_DATA: cluster.authority },
        certificate,
      ],
      ['another name than that of the address', { ...toCloud, TEMPORAL_API_KEY: API_KEY }, certificate],
      [
        'another key',
        { ...toCloud, ...named, TEMPORAL_API_KEY: 'planted-other-key' },
        'error: Temporal at .* denied access: the API key is not valid\nhint: Check TEMPORAL_API_KEY',
      ],
    ];
    const env = {
      TEMPORAL_NAMESPACE: temporal.namespace,
      LLAMA_CLOUD_API_KEY: 'llx-planted',
      LLAMACLOUD_OUTPUT: await newFolder('tls-'),
    };
    for (const [name, settings, message] of trials) {
      for (const command of ['worker', 'list']) {
        const { code, stdout, stderr } = await cliProcess([command], { env: { ...env, ...settings } });
        expect({ code, stdout }, `${command}: ${name}`).toEqual({ code: 1, stdout: '' });
        expect(stderr, `${command}: ${name}`).toMatch(new RegExp(message));
        expect(stderr).not.toContain('planted-');
      }
    }
  });
});
