/** The events of a history that a worker gets for each of its workflow tasks, if it does not have the workflow in its cache. */
export function cutAtTasks(events) {
  return events.flatMap(({ workflowTaskStartedEventAttributes: started }, index) =>
    started ? [events.slice(0, index + 1)] : [],
  );
}
