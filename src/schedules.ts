import {
  type ScheduleClient,
  type ScheduleHandle,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
  type ScheduleSummary,
} from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import { type ProcessBatchInput, WORKFLOW_TYPES } from './protocol/index.js';

/** When a scheduled batch runs: give `cron`, `every`, or both. */
export interface ScheduleBatchOptions {
  /** Schedule id; also the start of the workflow ids of its runs, which Temporal ends with the time. */
  scheduleId: string;
  /** Cron expressions, such as `0 2 * * *`. */
  cron?: string | string[];
  /** Interval, such as `6 hours`. */
  every?: Duration;
  /** IANA name, such as `Europe/Berlin`, that `cron` is read in. Default UTC. */
  timeZone?: string;
  /** Each start is delayed by a random time up to this. Default 0. */
  jitter?: Duration;
  /** What to do when the previous run of this schedule is still under way. Default `SKIP`. */
  overlap?: ScheduleOverlapPolicy;
  /** Runs missed while Temporal was down are made up for if they are no older than this. Default 1 hour. */
  catchupWindow?: Duration;
  /** Pause the schedule when a run fails. Default false. */
  pauseOnFailure?: boolean;
  /** Create it paused. Default false. */
  paused?: boolean;
  /** A note for people, shown in the UI. */
  note?: string;
  /** Default: that of the `BatchClient`. */
  taskQueue?: string;
}

/** A schedule of batch runs. */
export interface ScheduledBatch {
  readonly scheduleId: string;
  /** Starts a run now. @param overlap Default: the schedule's own policy. */
  trigger(overlap?: ScheduleOverlapPolicy): Promise<void>;
  /** No runs are started until it is resumed. */
  pause(note?: string): Promise<void>;
  resume(note?: string): Promise<void>;
  /** Deletes the schedule; runs that are under way go on. */
  delete(): Promise<void>;
  /** Temporal's own handle, for everything else. */
  readonly handle: ScheduleHandle;
}

/** Temporal's own default, a year, would start and pay for every run that was missed. */
const DEFAULT_CATCHUP_WINDOW = '1 hour';

/** Batch runs on Temporal Schedules. */
export class BatchSchedules {
  readonly #client: ScheduleClient;
  readonly #taskQueue: string;

  constructor(client: ScheduleClient, taskQueue: string) {
    this.#client = client;
    this.#taskQueue = taskQueue;
  }

  /** @throws TypeError when there is neither `cron` nor `every`; Temporal's `ScheduleAlreadyRunning` for an id in use. */
  async create(input: ProcessBatchInput, options: ScheduleBatchOptions, summary: string): Promise<ScheduledBatch> {
    const { scheduleId, overlap = ScheduleOverlapPolicy.SKIP, catchupWindow = DEFAULT_CATCHUP_WINDOW } = options;
    const handle = await this.#client.create({
      scheduleId,
      spec: toSpec(options),
      action: {
        type: 'startWorkflow',
        workflowType: WORKFLOW_TYPES.processBatch,
        workflowId: scheduleId,
        taskQueue: options.taskQueue ?? this.#taskQueue,
        args: [input],
        staticSummary: summary,
      },
      policies: { overlap, catchupWindow, pauseOnFailure: options.pauseOnFailure ?? false },
      state: { paused: options.paused ?? false, ...(options.note === undefined ? {} : { note: options.note }) },
    });
    return toScheduledBatch(handle);
  }

  async *list(): AsyncGenerator<ScheduleSummary> {
    for await (const schedule of this.#client.list()) {
      if (schedule.action?.workflowType === WORKFLOW_TYPES.processBatch) yield schedule;
    }
  }

  get(scheduleId: string): ScheduledBatch {
    return toScheduledBatch(this.#client.getHandle(scheduleId));
  }
}

function toScheduledBatch(handle: ScheduleHandle): ScheduledBatch {
  return {
    scheduleId: handle.scheduleId,
    // The SDK's own default would start a run beside one that is under way, whatever the schedule's policy.
    trigger: async (overlap) => handle.trigger(overlap ?? (await handle.describe()).policies.overlap),
    pause: async (note) => handle.pause(note ?? (await currentNote(handle))),
    resume: async (note) => handle.unpause(note ?? (await currentNote(handle))),
    delete: () => handle.delete(),
    handle,
  };
}

/** Without a note the SDK would replace the schedule's note by its own. */
async function currentNote(handle: ScheduleHandle): Promise<string | undefined> {
  return (await handle.describe()).state.note;
}

function toSpec({ cron, every, timeZone, jitter }: ScheduleBatchOptions): ScheduleSpec {
  if (cron === undefined && every === undefined) throw new TypeError('a schedule needs cron or every');
  return {
    ...(cron === undefined ? {} : { cronExpressions: Array.isArray(cron) ? cron : [cron] }),
    ...(every === undefined ? {} : { intervals: [{ every }] }),
    ...(timeZone === undefined ? {} : { timezone: timeZone }),
    ...(jitter === undefined ? {} : { jitter }),
  };
}
