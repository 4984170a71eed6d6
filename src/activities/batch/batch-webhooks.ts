import type { CreateBatchParams } from '../../llamacloud/index.js';
import { RUN_HEADER, toRunHeader } from '../../webhooks/run-header.js';
import type { ActivityDeps } from '../deps.js';

/** The changes of status that LlamaCloud announces. A batch that is new is polled anyway. Those of its jobs wake nothing. */
const EVENTS = ['batch.running', 'batch.success', 'batch.error', 'batch.cancelled'];

/**
 * The webhook that a new batch gets, if the worker is configured with one.
 *
 * @param runWorkflowId The run that a delivery wakes. Without it, the receiver looks for the batch id.
 */
export function toBatchWebhooks(
  { webhook }: ActivityDeps,
  runWorkflowId: string | undefined,
): Pick<CreateBatchParams, 'webhooks'> {
  if (webhook === undefined) return {};
  const { url, secret } = webhook;
  const headers = runWorkflowId === undefined ? {} : { [RUN_HEADER]: toRunHeader(runWorkflowId, secret) };
  return { webhooks: [{ url, events: EVENTS, headers, signingSecret: secret }] };
}
