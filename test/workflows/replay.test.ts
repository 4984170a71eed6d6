import { readdir, readFile } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { cutAtTasks } from '../../scripts/cut-histories.mjs';
import { WORKFLOW_TYPES } from '../../src/index.js';

const HISTORIES = new URL('../histories/', import.meta.url);

/** Workflows that no released version has. The histories of 0.2.0 will have them: then remove them here. */
const NEW: readonly string[] = [
  WORKFLOW_TYPES.processCorpus,
  WORKFLOW_TYPES.processCorpusPart,
  WORKFLOW_TYPES.redriveJob,
];

/** What runs of earlier versions did: a worker of this version has to be able to go on with each of them. */
describe('kept histories', async () => {
  const names = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json')).sort();
  const workflowBundle = { codePath: inject('workflowBundle') };
  const read = async (name: string) => historyFromJSON(JSON.parse(await readFile(new URL(name, HISTORIES), 'utf8')));

  /** By history, a result of each replay: the whole history, and what a worker gets for each of its workflow tasks. */
  const results = new Map<string, (Error | undefined)[]>();

  // One worker for all of them: its start takes longer than a replay.
  beforeAll(async () => {
    const replayed: string[] = [];
    async function* readAll() {
      for (const name of names) {
        const events = (await read(name)).events ?? [];
        // Children are named after their parent.
        const { workflowId } = events[0]?.workflowExecutionStartedEventAttributes ?? {};
        for (const part of [events, ...cutAtTasks(events)]) {
          replayed.push(name);
          yield { history: { events: part }, workflowId: workflowId ?? name };
        }
      }
    }
    let count = 0;
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, readAll())) {
      const name = replayed[count++] ?? '';
      results.set(name, [...(results.get(name) ?? []), error]);
    }
  });

  test.each(names)('%s replays, whole and cut at each workflow task', (name) => {
    const errors = results.get(name) ?? [];
    expect(errors.length).toBeGreaterThan(1);
    expect(errors.filter((error) => error !== undefined)).toEqual([]);
  });

  test('there is one of every workflow', async () => {
    const histories = await Promise.all(names.map(read));
    const types = histories.map(
      ({ events }) => events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    );
    expect([...new Set([...types, ...NEW])].sort()).toEqual(Object.values(WORKFLOW_TYPES).sort());
    expect(types.filter((type) => NEW.includes(type))).toEqual([]);
  });

  test('a history of another workflow does not replay', async () => {
    const history = await read(names[0] ?? '');
    const types = history.events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType);
    const scheduled = types?.find((type) => type != null);
    if (scheduled == null) throw new Error(`${names[0]} has no activity`);
    scheduled.name = 'somethingElse';
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toBeInstanceOf(
      DeterminismViolationError,
    );
  });
});
