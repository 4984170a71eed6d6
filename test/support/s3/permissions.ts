import { randomUUID } from 'node:crypto';
import { ANY_CREDENTIALS, type Credentials } from './server.js';

/** Creates a user of moto's IAM with a policy. */
export async function createUser(server: string, policy: object): Promise<Credentials> {
  const UserName = `user-${randomUUID()}`;
  await callIam(server, { Action: 'CreateUser', UserName });
  const PolicyDocument = JSON.stringify(policy);
  await callIam(server, { Action: 'PutUserPolicy', UserName, PolicyName: 'policy', PolicyDocument });
  const response = await callIam(server, { Action: 'CreateAccessKey', UserName });
  return {
    accessKeyId: fieldOf(response, 'AccessKeyId'),
    secretAccessKey: fieldOf(response, 'SecretAccessKey'),
  };
}

/** The server checks signatures and permissions meanwhile. No other file of this process uses it at that time. */
export async function withPermissions(server: string, run: () => Promise<void>): Promise<void> {
  await setUncheckedRequests(server, '0');
  try {
    await run();
  } finally {
    await setUncheckedRequests(server, 'inf');
  }
}

async function setUncheckedRequests(server: string, count: string): Promise<void> {
  const response = await fetch(`${server}/moto-api/reset-auth`, { method: 'POST', body: count });
  if (!response.ok) throw new Error(`moto: ${response.status} ${await response.text()}`);
}

/** moto finds the service in the scope of the signature. */
async function callIam(server: string, parameters: Record<string, string>): Promise<string> {
  const scope = `${ANY_CREDENTIALS.accessKeyId}/20260101/us-east-1/iam/aws4_request`;
  const response = await fetch(server, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`moto: ${response.status} ${text}`);
  return text;
}

function fieldOf(xml: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (value === undefined) throw new Error(`there is no ${name} in ${xml}`);
  return value;
}
