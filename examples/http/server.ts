/**
 * Batch runs behind an HTTP API. `POST /runs` with the input of a run starts one. `GET /runs/<id>` tells how far it is, or its report. The
 * id of a run is its workflow id, URL-encoded.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BatchClient, isFailure, NoWorkerError, type ProcessBatchInput, rootFailure } from 'temporal-llamacloud';

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const client = new Client({ connection: await Connection.connect(connectionOptions), namespace });
const batches = new BatchClient({ client });

interface Reply {
  status: number;
  body: object;
  location?: string;
}

/** `start` checks the input: the body may be anything. */
async function startRun(input: ProcessBatchInput): Promise<Reply> {
  const { workflowId } = await batches.start(input);
  return { status: 202, body: { id: workflowId }, location: toPath(workflowId) };
}

async function readRun(workflowId: string): Promise<Reply> {
  const { status } = await client.workflow.getHandle(workflowId).describe();
  const run = batches.attach(workflowId);
  if (status.name === 'RUNNING') return { status: 200, body: { status: status.name, progress: await run.progress() } };
  // Also of a run that failed or was cancelled, if it had a batch.
  const report = await run.report();
  return { status: 200, body: { status: status.name, report } };
}

function toReply(error: unknown): Reply {
  const { message } = rootFailure(error);
  if (error instanceof SyntaxError) return { status: 400, body: { error: 'The body is not JSON.' } };
  if (isFailure(error, 'InvalidInput')) return { status: 400, body: { error: message } };
  if (error instanceof WorkflowNotFoundError) return { status: 404, body: { error: 'There is no such run.' } };
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const { workflowId } = error;
    return { status: 409, body: { error: 'This run is open.', id: workflowId }, location: toPath(workflowId) };
  }
  if (error instanceof NoWorkerError) return { status: 503, body: { error: message } };
  console.error(error);
  return { status: 500, body: { error: 'The request failed.' } };
}

function toPath(workflowId: string): string {
  return `/runs/${encodeURIComponent(workflowId)}`;
}

async function handle(request: IncomingMessage): Promise<Reply> {
  const [, runs, id, ...rest] = (request.url ?? '').split('/');
  if (runs !== 'runs' || rest.length > 0) return { status: 404, body: { error: 'There is no such page.' } };
  if (request.method === 'POST' && id === undefined) return startRun(await readBody(request));
  if (request.method === 'GET' && id !== undefined) return readRun(decodeURIComponent(id));
  return { status: 405, body: { error: 'Use POST /runs or GET /runs/<id>.' } };
}

async function readBody(request: IncomingMessage): Promise<ProcessBatchInput> {
  const body: ProcessBatchInput = JSON.parse(await text(request));
  return body;
}

const server = createServer(async (request, response) => {
  const { status, body, location } = await handle(request).catch(toReply);
  response.writeHead(status, { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) });
  response.end(JSON.stringify(body));
});
const port = Number(process.env.PORT ?? 3000);
server.listen(port, '127.0.0.1', () => console.log(`Listening on http://127.0.0.1:${port}`));
