import { Client, Connection, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BatchClient } from '../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../src/testing/index.js';
import { files, parse, setStage } from '../support/stage.js';

describe('a report', () => {
  let temporal: LocalTemporal;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
  });

  afterAll(async () => {
    await temporal?.close();
  });

  test('of a workflow that does not exist is an error, not a run without a batch', async () => {
    const batches = new BatchClient({ client: temporal.client });
    await expect(batches.attach('nobody-started-this').report()).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(batches.attachDirectories('nobody-started-this').report()).rejects.toBeInstanceOf(
      WorkflowNotFoundError,
    );
  });

  test('that can not be asked for is an error, not a run without a batch', async () => {
    const connection = await Connection.connect({ address: temporal.address });
    const batches = new BatchClient({ client: new Client({ connection }) });
    const run = batches.attach('any');
    await connection.close();
    await expect(run.report()).rejects.toBeInstanceOf(ServiceError);
  });

  test('that can not be decoded is an error, not a run without a batch', async () => {
    const stage = await setStage(temporal);
    const { id } = await stage.emulator.addDirectory(files(1));
    const { workflowId } = await stage.batches.start(parse(id));
    await stage.batches.attach(workflowId).result();
    await stage.close();
    const undecodable = {
      encode: async (payloads: Payload[]) => payloads,
      decode: async (payloads: Payload[]) => {
        // The memo can be decoded, so that nothing but the result is in the way.
        if (payloads.some(({ data }) => Buffer.from(data ?? []).includes('"manifest"'))) throw new Error('another key');
        return payloads;
      },
    };
    const client = new Client({
      connection: temporal.client.connection,
      dataConverter: { payloadCodecs: [undecodable] },
    });
    await expect(new BatchClient({ client }).attach(workflowId).report()).rejects.toThrow('another key');
  });

  test('of a run that ended before there was a batch is undefined', async () => {
    const batches = new BatchClient({ client: temporal.client });
    const run = await batches.start({ directoryId: 'dir-1', job: { type: 'parse_v2', configurationId: 'cfg-1' } });
    // No worker has it, so there is nothing but the termination.
    await temporal.client.workflow.getHandle(run.workflowId).terminate();
    expect(await run.report()).toBeUndefined();
  });
});
