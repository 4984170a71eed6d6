import {
  type ScheduleClient,
  type ScheduleHandle,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
  type ScheduleSummary,
} from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import { type ProcessBatchInput, WORKFLOW_TYPES } from '../protocol/index.js';

/** Options of a schedule. Set `cron`, `every`, or both. */
export interface ScheduleBatchOptions {
  /** Schedule id. The workflow ids of its runs are `<scheduleId>-<time>`. */
  scheduleId: string;
  /** Cron expressions, such as `0 2 * * *`. */
  cron?: string | string[];
  /** Interval, such as `6 hours`. */
  every?: Duration;
  /** IANA time zone of `cron`, such as `Europe/Berlin`. Default UTC. */
  timeZone?: string;
  /** Delay each start by a random time up to this. Default 0. */
  jitter?: Duration;
  /** What to do while the previous run of this schedule is open. Default `SKIP`. */
  overlap?: ScheduleOverlapPolicy;
  /** Start runs that were missed while Temporal was down, up to this age. Default 1 hour. */
  catchupWindow?: Duration;
  /** Pause the schedule when a run fails. Default false. */
  pauseOnFailure?: boolean;
  /** Create the schedule paused. Default false. */
  paused?: boolean;
  /** A note for people, shown in the UI. */
  note?: string;
  /** Default: the task queue of the `BatchClient`. */
  taskQueue?: string;
}

/** A schedule of batch runs. */
export interface BatchScheduleHandle {
  readonly scheduleId: string;
  /** Starts a run now. @param overlap Default: the policy of the schedule. */
  trigger(overlap?: ScheduleOverlapPolicy): Promise<void>;
  /** Starts no runs until {@link resume}. */
  pause(note?: string): Promise<void>;
  resume(note?: string): Promise<void>;
  /** Deletes the schedule. Open runs go on. */
  delete(): Promise<void>;
  /** Temporal's handle, for everything else. */
  readonly handle: ScheduleHandle;
}

/** Temporal's default is a year: after an outage you would pay for every missed run. */
const DEFAULT_CATCHUP_WINDOW = '1 hour';

/** Batch runs on Temporal Schedules. */
export class BatchSchedules {
  readonly #client: ScheduleClient;
  readonly #taskQueue: string;

  constructor(client: ScheduleClient, taskQueue: string) {
    this.#client = client;
    this.#taskQueue = taskQueue;
  }

  /** @throws TypeError if `cron` and `every` are both missing. Temporal's `ScheduleAlreadyRunning` if the id is in use. */
  async create(input: ProcessBatchInput, options: ScheduleBatchOptions, summary: string): Promise<BatchScheduleHandle> {
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
    return toBatchScheduleHandle(handle);
  }

  async *list(): AsyncGenerator<ScheduleSummary> {
    for await (const schedule of this.#client.list()) {
      if (schedule.action?.workflowType === WORKFLOW_TYPES.processBatch) yield withoutPausedTimes(schedule);
    }
  }

  get(scheduleId: string): BatchScheduleHandle {
    return toBatchScheduleHandle(this.#client.getHandle(scheduleId));
  }
}

/** Temporal lists the times that a paused schedule would have. No run starts at them. */
function withoutPausedTimes(schedule: ScheduleSummary): ScheduleSummary {
  const { state, info } = schedule;
  return state.paused && info !== undefined ? { ...schedule, info: { ...info, nextActionTimes: [] } } : schedule;
}

function toBatchScheduleHandle(handle: ScheduleHandle): BatchScheduleHandle {
  return {
    scheduleId: handle.scheduleId,
    // The SDK's default policy would start a second run beside an open one.
    trigger: async (overlap) => handle.trigger(overlap ?? (await handle.describe()).policies.overlap),
    pause: async (note) => handle.pause(note || (await readNote(handle))),
    resume: async (note) => handle.unpause(note || (await readNote(handle))),
    delete: () => handle.delete(),
    handle,
  };
}

/**
 * The note of the schedule, to keep it: the SDK replaces it if it is given none. `undefined` if there is none, because Temporal ignores a
 * request to pause or resume that has an empty note.
 */
async function readNote(handle: ScheduleHandle): Promise<string | undefined> {
  return (await handle.describe()).state.note || undefined;
}

function toSpec({ cron, every, timeZone, jitter }: ScheduleBatchOptions): ScheduleSpec {
  if (cron === undefined && every === undefined) throw new TypeError('A schedule needs cron or every');
  return {
    ...(cron === undefined ? {} : { cronExpressions: Array.isArray(cron) ? cron : [cron] }),
    ...(every === undefined ? {} : { intervals: [{ every }] }),
    ...(timeZone === undefined ? {} : { timezone: timeZone }),
    ...(jitter === undefined ? {} : { jitter }),
  };
}
