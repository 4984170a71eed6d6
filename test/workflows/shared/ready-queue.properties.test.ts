import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNamespace } from '../../support/namespace.js';
import type { QueueScenario, QueueTrace, runQueues } from '../../support/queue-scenarios.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

const item = fc.record({ readyAt: fc.nat(8), takes: fc.nat(6), hasBug: fc.constant(false) });
const going: QueueScenario = { limit: 1, items: [], cancelAt: null, stopAfter: null, failAt: null };
const scenario: fc.Arbitrary<QueueScenario> = fc
  .record({ limit: fc.integer({ min: 1, max: 5 }), items: fc.array(item, { maxLength: 12 }) })
  .map((scenario) => ({ ...going, ...scenario }));

describe('a ready queue, whenever its items become ready and however long each takes', () => {
  let env: TestEnvironment;
  let runs = 0;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  /** Many scenarios in one workflow, which costs as much as one of them. */
  function holds(
    scenarios: fc.Arbitrary<QueueScenario>,
    check: (trace: QueueTrace, scenario: QueueScenario) => void,
  ): Promise<void> {
    return fc.assert(
      fc.asyncProperty(fc.array(scenarios, { minLength: 1, maxLength: 20, size: 'max' }), async (scenarios) => {
        const options = { taskQueue: env.taskQueue, workflowId: `queues-${runs++}`, args: [scenarios] };
        const traces = await env.client.workflow.execute<typeof runQueues>('runQueues', {
          ...options,
          args: [scenarios],
        });
        for (const [index, scenario] of scenarios.entries()) {
          const trace = traces[index];
          if (trace === undefined) throw new Error('it has no trace');
          checkAlways(trace, scenario);
          check(trace, scenario);
        }
      }),
      // Each try to make a counterexample smaller is a workflow.
      { numRuns: 2, interruptAfterTimeLimit: 180_000 },
    );
  }

  /** Whatever happens. */
  function checkAlways({ started, finished, mostRunning, endedAt }: QueueTrace, { limit, items }: QueueScenario): void {
    expect(mostRunning).toBeLessThanOrEqual(limit);
    const indexes = started.map(({ index }) => index);
    expect(new Set(indexes).size).toBe(indexes.length);
    expect(new Set(finished).size).toBe(finished.length);
    for (const { index, at } of started) {
      expect(at).toBeGreaterThanOrEqual(items[index]?.readyAt ?? Number.NaN);
      if (endedAt !== null) expect(at).toBeLessThanOrEqual(endedAt);
    }
  }

  test('processes each item once, at most so many at a time, and none waits while there is room', async () => {
    await holds(scenario, ({ outcome, finished, runningAtEnd, longestIdle }, { items }) => {
      expect(outcome).toBe('done');
      expect([...finished].sort((a, b) => a - b)).toEqual([...items.keys()]);
      expect(runningAtEnd).toBe(0);
      // Two checks of the conditions, both at the same time of the workflow.
      expect(longestIdle).toBeLessThanOrEqual(2);
    });
  });

  test('starts nothing after a cancellation, and waits for what was started', async () => {
    const cancelled = fc.tuple(scenario, fc.nat(14)).map(([scenario, cancelAt]) => ({ ...scenario, cancelAt }));
    await holds(cancelled, ({ outcome, started, finished, runningAtEnd }, { items }) => {
      expect(runningAtEnd).toBe(0);
      if (outcome === 'done') expect(started).toHaveLength(items.length);
      else expect(outcome).toBe('cancelled');
      expect(finished.length).toBeLessThanOrEqual(started.length);
    });
  });

  test('starts nothing once it is stopped, and finishes what was started', async () => {
    const stopped = fc.tuple(scenario, fc.nat(12)).map(([scenario, stopAfter]) => ({ ...scenario, stopAfter }));
    await holds(stopped, ({ outcome, started, finished, runningAtEnd }, { items, stopAfter }) => {
      expect(outcome).toBe('done');
      expect(runningAtEnd).toBe(0);
      expect(finished).toHaveLength(started.length);
      expect(finished.length).toBeGreaterThanOrEqual(Math.min(items.length, stopAfter ?? 0));
    });
  });

  test('fails at once where an item has a bug, or where the waiting fails', async () => {
    const buggy = fc.record({ readyAt: fc.nat(8), takes: fc.nat(6), hasBug: fc.boolean() });
    const failing = fc
      .tuple(scenario, fc.array(buggy, { maxLength: 12 }), fc.option(fc.nat(14)))
      .map(([scenario, items, failAt]) => ({ ...scenario, items, failAt }));
    await holds(failing, ({ outcome, started, finished, endedAt }, { items }) => {
      const hadBug = started.some(({ index }) => items[index]?.hasBug === true && !finished.includes(index));
      if (outcome === 'failed') expect(endedAt).not.toBeNull();
      else expect(hadBug).toBe(false);
    });
  });
});
