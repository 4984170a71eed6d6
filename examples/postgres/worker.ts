/** Run it with LLAMA_CLOUD_API_KEY set, and PostgreSQL's own PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE. */
import { fileURLToPath } from 'node:url';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Pool } from 'pg';
import { LlamaCloudPlugin } from 'temporal-llamacloud';
import { createActivities } from './activities.js';

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const pool = new Pool();
// Without a listener, a connection that is lost while it is idle ends the process.
pool.on('error', (error) => console.error(error.message));
const worker = await Worker.create({
  plugins: [new LlamaCloudPlugin({ output: './out' })],
  connection,
  namespace,
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: createActivities(pool),
});
await worker.run();
await pool.end();
await connection.close();
