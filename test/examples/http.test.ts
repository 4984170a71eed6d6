import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchProgress, BatchReport } from '../../src/index.js';
import { findFreePort } from '../../src/testing/temporal/free-port.js';
import { files, parseInput } from '../support/test-environment.js';
import { until } from '../support/until.js';
import { type ExampleEnvironment, openExample } from './support.js';

interface RunBody {
  status: string;
  progress?: BatchProgress;
  report?: BatchReport;
}

describe('the HTTP example', () => {
  let example: ExampleEnvironment;
  let url: string;

  beforeAll(async () => {
    example = await openExample('http');
    example.startCommandWorker();
    const port = await findFreePort();
    await example.start('server.ts', [], { PORT: `${port}` }).waitForOutput(/^Listening on /m);
    url = `http://127.0.0.1:${port}`;
  });

  afterAll(() => example?.close());

  const post = (body: string) => fetch(`${url}/runs`, { method: 'POST', body });
  const get = async (path: string | null): Promise<RunBody> => {
    const body: RunBody = JSON.parse(await (await fetch(`${url}${path}`)).text());
    return body;
  };

  test('a POST starts a run, and a GET tells how far it is, and its report', async () => {
    example.emulator.configure({ batchRunningMs: 3_600_000 });
    const { id } = await example.emulator.addDirectory(files(2));
    const started = await post(JSON.stringify(parseInput(id)));
    expect(started.status).toBe(202);
    const location = started.headers.get('location');
    const batch = await until('the batch', () => example.emulator.batches.list()[0]);
    await until('the progress', async () => {
      const { status, progress } = await get(location);
      return status === 'RUNNING' && progress?.batchId === batch.id;
    });

    const again = await post(JSON.stringify(parseInput(id)));
    expect(again.status).toBe(409);
    expect(again.headers.get('location')).toBe(location);

    example.emulator.batches.finish(batch.id);
    const ended = await until('the end', async () => {
      const run = await get(location);
      return run.status !== 'RUNNING' && run;
    });
    expect(ended).toMatchObject({ status: 'COMPLETED', report: { batchId: batch.id, files: { completed: 2 } } });
  });

  test.each([
    ['a wrong input', '{ "directoryId": "dir-1" }', 400, /job: is needed/],
    ['a body that is no JSON', '{', 400, /not JSON/],
    ['a body that is no object', 'null', 400, /not valid/],
  ])('%s is refused with %s', async (_, body, status, message) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(message);
  });

  test('a run that is not there is not found', async () => {
    expect((await fetch(`${url}/runs/no-such-run`)).status).toBe(404);
  });
});
