import type { temporal } from '@temporalio/proto';

export function cutAtTasks(events: temporal.api.history.v1.IHistoryEvent[]): temporal.api.history.v1.IHistoryEvent[][];
