import { Context } from '@temporalio/activity';
import type { MetricMeter } from '@temporalio/common';
import type { EndedRequest } from '../../llamacloud/index.js';
import { type HistogramName, METRICS, type MetricTagsOf } from '../../protocol/index.js';

/**
 * Counts and times a request to LlamaCloud with the metric meter of the activity that sends it. Outside of an activity it does nothing.
 * `LlamaCloudPlugin` does it by itself. Without the plugin, give it to the client.
 *
 * @example
 * ```ts
 * const llamacloud = new LlamaCloudClient({ apiKey, onRequest: recordRequest });
 * ```
 */
export function recordRequest({ method, route, status, durationMs }: EndedRequest): void {
  const meter = findMeter();
  if (meter === undefined) return;
  const { unit, description } = METRICS.llamacloud_request;
  const tags: MetricTagsOf<'llamacloud_request'> = { method, route, status: String(status) };
  meter.createCounter('llamacloud_request', unit, description).add(1, tags);
  record(meter, 'llamacloud_request_latency', durationMs / 1_000, { method, route });
}

/**
 * Records how long ago a batch has ended.
 *
 * @param updatedAt `updated_at` of the batch, in ISO 8601. Anything else records nothing.
 */
export function recordDetection(batchStatus: string, updatedAt: unknown): void {
  const endedAtMs = typeof updatedAt === 'string' ? Date.parse(updatedAt) : Number.NaN;
  const meter = findMeter();
  if (meter === undefined || Number.isNaN(endedAtMs)) return;
  // The two clocks may differ.
  const seconds = Math.max(0, Date.now() - endedAtMs) / 1_000;
  record(meter, 'llamacloud_batch_detection_latency', seconds, { batch_status: batchStatus });
}

function record<Name extends HistogramName>(
  meter: MetricMeter,
  name: Name,
  value: number,
  tags: MetricTagsOf<Name>,
): void {
  const { unit, description } = METRICS[name];
  meter.createHistogram(name, 'float', unit, description).record(value, tags);
}

function findMeter(): MetricMeter | undefined {
  try {
    return Context.current().metricMeter;
  } catch {
    // Not in an activity.
    return undefined;
  }
}
