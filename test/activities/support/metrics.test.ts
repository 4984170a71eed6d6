import type { MetricMeter } from '@temporalio/common';
import { noopMetricMeter } from '@temporalio/common/lib/metrics.js';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { recordDetection, recordRequest } from '../../../src/activities/support/metrics.js';

/** A meter that keeps what is recorded. */
function createMeter() {
  const recorded: [name: string, unit: string | undefined, value: number, tags: unknown][] = [];
  const meter: MetricMeter = {
    withTags: () => meter,
    createGauge: (name, valueType, unit, description) =>
      noopMetricMeter.createGauge(name, valueType, unit, description),
    createCounter: (name, unit, description) => ({
      ...noopMetricMeter.createCounter(name, unit, description),
      add: (value, tags) => recorded.push([name, unit, value, tags]),
    }),
    createHistogram: (name, valueType, unit, description) => ({
      ...noopMetricMeter.createHistogram(name, valueType, unit, description),
      record: (value, tags) => recorded.push([name, unit, value, tags]),
    }),
  };
  const run = (activity: () => void) =>
    new MockActivityEnvironment({}, { metricMeter: meter }).run<[], void, () => Promise<void>>(async () => activity());
  return { recorded, run };
}

/** Of the mocked activity. */
const TAGS_OF_SDK = { namespace: 'test', taskQueue: 'test', activityType: 'unknown' };

const REQUEST = { method: 'GET', route: '/api/v2/batches/{id}', status: 'none', durationMs: 1_500 } as const;

test('a request is counted by status and timed in seconds, by the meter of its activity', async () => {
  const { recorded, run } = createMeter();
  await run(() => recordRequest(REQUEST));
  const tags = { method: 'GET', route: '/api/v2/batches/{id}', ...TAGS_OF_SDK };
  expect(recorded).toEqual([
    ['llamacloud_request', '{request}', 1, { ...tags, status: 'none' }],
    ['llamacloud_request_latency', 's', 1.5, tags],
  ]);
});

test('outside of an activity a request is left out, and nothing fails', () => {
  expect(() => recordRequest(REQUEST)).not.toThrow();
  expect(() => recordDetection('COMPLETED', '2026-01-01T00:00:00Z')).not.toThrow();
});

test('the time since the end of a batch is recorded: 0 if the clocks differ, nothing if it is not known', async () => {
  const { recorded, run } = createMeter();
  await run(() => {
    recordDetection('COMPLETED', new Date(Date.now() - 5_000).toISOString());
    recordDetection('FAILED', new Date(Date.now() + 60_000).toISOString());
    for (const unknown of [undefined, null, 17, 'yesterday', {}]) recordDetection('COMPLETED', unknown);
  });
  expect(recorded).toEqual([
    ['llamacloud_batch_detection_latency', 's', expect.any(Number), { batch_status: 'COMPLETED', ...TAGS_OF_SDK }],
    ['llamacloud_batch_detection_latency', 's', 0, { batch_status: 'FAILED', ...TAGS_OF_SDK }],
  ]);
  expect(recorded[0]?.[2]).toBeGreaterThanOrEqual(5);
});
