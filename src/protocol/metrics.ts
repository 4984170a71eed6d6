/** The metrics of this package: their names, units and tags. Dashboards and alerts use them, so a change breaks these. */

interface MetricDefinition {
  readonly kind: 'counter' | 'histogram';
  /** In the notation of OpenTelemetry: `s` are seconds. */
  readonly unit: string;
  readonly description: string;
  readonly tags: readonly string[];
}

export const METRICS = {
  llamacloud_batch_outcome: {
    kind: 'counter',
    unit: '{batch}',
    description: 'Runs of one batch that have ended, by outcome',
    tags: ['outcome', 'failure_type', 'job_type'],
  },
  llamacloud_batch_stuck: {
    kind: 'counter',
    unit: '{batch}',
    description: 'How often a run of one batch has got stuck: nothing has changed for stuckAfter',
    tags: ['phase', 'job_type'],
  },
  llamacloud_file_outcome: {
    kind: 'counter',
    unit: '{file}',
    description: 'Files whose outcome a run has recorded, by outcome',
    tags: ['outcome', 'failure_type', 'job_type'],
  },
  llamacloud_file_credits: {
    kind: 'histogram',
    unit: '{credit}',
    description: 'Credits that LlamaCloud has billed for a file. The sum is what was spent',
    tags: ['job_type'],
  },
  llamacloud_batch_wait_latency: {
    kind: 'histogram',
    unit: 's',
    description: 'Time from the first poll of a batch until its run knows that it has ended',
    tags: ['batch_status', 'job_type'],
  },
  llamacloud_batch_detection_latency: {
    kind: 'histogram',
    unit: 's',
    description: 'Time from the end of a batch, by the clock of LlamaCloud, until a worker has seen it',
    tags: ['batch_status'],
  },
  llamacloud_request: {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests to LlamaCloud that have ended, by route and status',
    tags: ['method', 'route', 'status'],
  },
  llamacloud_request_latency: {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a request to LlamaCloud until the end of its response',
    tags: ['method', 'route'],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

/** The tags of one value: all that its metric has, since Prometheus keeps the values of other tags apart. */
export type MetricTagsOf<Name extends MetricName> = Record<(typeof METRICS)[Name]['tags'][number], string>;

type NameOf<Kind> = { [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never }[MetricName];
export type CounterName = NameOf<'counter'>;
export type HistogramName = NameOf<'histogram'>;

/**
 * Buckets of the histograms of this package, for `histogramBucketOverrides` of your own `Runtime`. The SDK's own buckets end at 10 s.
 * `temporal-llamacloud worker` has them.
 */
export const METRIC_BUCKETS: Readonly<Record<HistogramName, number[]>> = {
  // Of one file: a page costs from 1 to some 90 credits.
  llamacloud_file_credits: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000],
  // From a batch of one page to a run of a week.
  llamacloud_batch_wait_latency: [
    1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400, 259_200, 604_800,
  ],
  // From a webhook that wakes the run, to the longest poll interval.
  llamacloud_batch_detection_latency: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600],
  // The client gives up on a request after 60 s, and on a download when a chunk takes that long.
  llamacloud_request_latency: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};
