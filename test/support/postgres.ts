import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findFreePort, LOOPBACK } from '../../src/testing/temporal/free-port.js';
import { startServerProcess } from '../../src/testing/temporal/server-process.js';
import { until } from './until.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** A PostgreSQL server with an empty database. */
export interface TestPostgres {
  /** PostgreSQL's own variables, such as `PGPORT`. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs SQL, and gives the rows of the last statement. */
  query(sql: string): Promise<unknown[]>;
  /** Ends the server, and deletes its data. Close your connections first. */
  close(): Promise<void>;
}

/** Starts Debian's PostgreSQL on a free port of the loopback interface. It is installed or downloaded if it is not there. */
export async function startPostgres(): Promise<TestPostgres> {
  const script = join(ROOT, 'scripts/postgres-programs.sh');
  const { stdout } = await run('bash', [script], {
    env: { ...process.env, POSTGRES_FOLDER: join(ROOT, '.examples/postgres') },
  });
  const [programs = '', libraries = ''] = stdout.split('\n');
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const data = join(folder, 'data');
  await mkdir(data);
  // It refuses to run as root.
  const asUser = userInfo().uid === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  if (asUser.length > 0) {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => (await run('id', [flag, 'postgres'])).stdout),
    );
    await chmod(folder, 0o755);
    await chown(data, Number(uid), Number(gid));
  }
  const toCommand = (program: string, args: string[]) => {
    const env = libraries === '' ? [] : [`LD_LIBRARY_PATH=${libraries}`];
    return [...asUser, ...['env', ...env], join(programs, program), '-D', data, ...args];
  };

  const [initdb = '', ...initdbArgs] = toCommand('initdb', [
    ...['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
  ]);
  await run(initdb, initdbArgs, { cwd: folder });
  const port = await findFreePort();
  const [path = '', ...args] = toCommand('postgres', [
    ...['-p', `${port}`, '-c', `listen_addresses=${LOOPBACK}`, '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
  ]);
  const server = startServerProcess({ path, args, graceful: true });
  const connection = { host: LOOPBACK, port, user: 'postgres', database: 'postgres' };
  const query = async (sql: string): Promise<unknown[]> => {
    const client = new Client(connection);
    await client.connect();
    try {
      const results = await client.query(sql);
      return results.rows;
    } finally {
      await client.end();
    }
  };
  let isRunning = true;
  server.exited.then(() => {
    isRunning = false;
  });
  await until('PostgreSQL', async () => {
    if (!isRunning) throw new Error(`PostgreSQL did not start. It wrote: ${server.output()}`);
    return query('SELECT 1').catch(() => undefined);
  });
  return {
    env: { PGHOST: LOOPBACK, PGPORT: `${port}`, PGUSER: 'postgres', PGDATABASE: 'postgres' },
    query,
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
