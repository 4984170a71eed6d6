import { resolveTemporalCli, resolveTestServer } from '../../src/testing/index.js';

/** Fetches the servers once, before the test files ask for them side by side. */
export default async function setup(): Promise<void> {
  const onProgress = (message: string) => console.log(message);
  await resolveTemporalCli({ onProgress });
  await resolveTestServer({ onProgress });
}
