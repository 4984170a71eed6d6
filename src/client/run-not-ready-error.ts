const DESCRIPTIONS = {
  'not-started':
    'has not started yet: Temporal has not scheduled its first workflow task. With startDelay it starts later.',
  'workflow-task-failing':
    'cannot answer: its workflow task has failed or timed out again and again. See the WorkflowTaskFailed and WorkflowTaskTimedOut events of its history. The run goes on when a worker completes the task.',
} as const;

/** Temporal passed the `progress` query to no worker, because the run could not answer it. */
export class RunNotReadyError extends Error {
  override readonly name = 'RunNotReadyError';
  readonly workflowId: string;
  /**
   * - `not-started`: the run starts later, such as with `startDelay`.
   * - `workflow-task-failing`: its workflow task is at the third attempt or later, as with a bug in workflow code.
   */
  readonly reason: keyof typeof DESCRIPTIONS;

  constructor(workflowId: string, reason: keyof typeof DESCRIPTIONS, cause: unknown) {
    super(`Run ${workflowId} ${DESCRIPTIONS[reason]}`, { cause });
    this.workflowId = workflowId;
    this.reason = reason;
  }
}
