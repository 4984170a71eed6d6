/** What a worker runs for the Nexus service. Only the plugin imports it: `@temporalio/nexus` is an optional peer. */
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { startWorkflow, type WorkflowHandle, WorkflowRunOperationHandler } from '@temporalio/nexus';
import { HandlerError, type ServiceHandler, type StartOperationContext, serviceHandler } from 'nexus-rpc';
import { type RunStart, toBatchStart, toDirectoriesStart } from '../client/run-start.js';
import {
  type BatchReport,
  type DirectoriesReport,
  isFailure,
  type ProcessBatchInput,
  type ProcessDirectoriesInput,
} from '../protocol/index.js';
import type { LlamaCloudNexusOptions } from './options.js';
import { llamaCloudService } from './service.js';

/**
 * Makes the handler of the Nexus service. An operation is a run on the task queue of its worker. The workflow id is that of `BatchClient`,
 * not the id of the request: one run of the same work is open at a time, whoever starts it. Temporal remembers the id of the request
 * that has started a run, so a request that is sent again gets the run that it has started.
 */
export function createLlamaCloudNexusService({
  workflowIdConflictPolicy = 'FAIL',
}: LlamaCloudNexusOptions = {}): ServiceHandler {
  const startRun = async <Input extends object, Report>(
    context: StartOperationContext,
    toStart: (input: Input) => RunStart<Input>,
    input: Input,
  ): Promise<WorkflowHandle<Report>> => {
    try {
      const { workflowType, ...options } = toStart(input);
      return await startWorkflow<(input: Input) => Promise<Report>>(context, workflowType, {
        ...options,
        workflowIdConflictPolicy,
      });
    } catch (error) {
      throw toHandlerError(error);
    }
  };
  return serviceHandler(llamaCloudService, {
    processBatch: new WorkflowRunOperationHandler<ProcessBatchInput, BatchReport>((context, input) =>
      startRun(context, toBatchStart, input),
    ),
    processDirectories: new WorkflowRunOperationHandler<ProcessDirectoriesInput, DirectoriesReport>((context, input) =>
      startRun(context, toDirectoriesStart, input),
    ),
  });
}

/**
 * Nexus retries the errors that stay as they are. The SDK would send these two without their message or their type. Both are BAD_REQUEST: servers
 * before 1.31 do not know CONFLICT, and retry it, until the open run has ended and a second one can start.
 */
function toHandlerError(error: unknown): unknown {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = `A run with the workflow id ${error.workflowId} is open. Wait for its end, or cancel it.`;
    const cause = ApplicationFailure.nonRetryable(message, error.name);
    return new HandlerError('BAD_REQUEST', message, { cause, retryableOverride: false });
  }
  if (error instanceof Error && isFailure(error, 'InvalidInput'))
    return new HandlerError('BAD_REQUEST', error.message, { cause: error, retryableOverride: false });
  return error;
}
