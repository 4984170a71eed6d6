import type { WorkerOptions } from '@temporalio/worker';

/**
 * Options of Temporal's worker that suit a run: many short child workflows, and activities that download. The first task of each child
 * is on the non-sticky queue. By default only 2 of 10 pollers poll it. Here 12 of 20 do. On shutdown, activities get 20 seconds to
 * finish. Then they are cancelled, and Temporal retries them on another worker.
 *
 * @example
 * ```ts
 * const worker = await Worker.create({ ...WORKER_OPTIONS, taskQueue, workflowsPath, activities });
 * ```
 */
export const WORKER_OPTIONS = {
  // `maxConcurrentWorkflowTaskPolls` has no effect: the SDK reads only this one.
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 20 },
  nonStickyToStickyPollRatio: 0.6,
  shutdownGraceTime: '20 seconds',
} as const satisfies Partial<WorkerOptions>;
