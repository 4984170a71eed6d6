// What the measurements of waiting share.
import { JOB } from '../environment.mjs';

export const DAY = 24 * 3_600_000;

/** `poll` is the activity that polls the batch. The wait lies between `after`, an activity or a child workflow, and `before`. */
export const IMPLEMENTATIONS = {
  ours: { type: 'processBatch', poll: 'waitForBatch', after: 'createBatch', before: 'readResults' },
  baseline: { type: 'baselineBatch', poll: 'batchStatus', after: 'createBatch', before: 'batchJobs' },
};

/** The input of an implementation over one directory. */
export function toInput(type, directoryId, options = {}) {
  if (type === 'processBatch') return { directoryId, job: JOB };
  return { directoryId, configurationId: JOB.configurationId, ...options };
}

/** The type of the activity or child workflow that an event schedules. */
export function readActivityOrWorkflowType(event) {
  const { activityTaskScheduledEventAttributes, startChildWorkflowExecutionInitiatedEventAttributes } = event;
  return (
    activityTaskScheduledEventAttributes?.activityType?.name ??
    startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name
  );
}

/** The completion of the last activity of that type. */
export function findLastCompleted(events, name) {
  return events.findLast(
    ({ activityTaskCompletedEventAttributes: completed }) =>
      completed && readScheduledType(events, completed.scheduledEventId) === name,
  );
}

function readScheduledType(events, eventId) {
  const scheduled = events.find((event) => String(event.eventId) === String(eventId));
  return scheduled === undefined ? undefined : readActivityOrWorkflowType(scheduled);
}

/** Waits until `read` returns something truthy, and returns it. */
export async function waitUntil(read) {
  for (;;) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
