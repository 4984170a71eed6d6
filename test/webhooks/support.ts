import { createHmac, randomUUID } from 'node:crypto';
import { toRunHeader } from '../../src/webhooks/run-header.js';

export const SECRET = 'whsec-planted-0123456789';
export const OLD_SECRET = 'whsec-planted-before-that';

export interface DeliveryOptions {
  /** Default: a new one. */
  eventId?: string;
  /** Seconds before now. Default 0. */
  ageSeconds?: number;
  batchId?: string;
  /** Replaces the body. */
  body?: string;
  /** What LlamaCloud signs the body with. Default: {@link SECRET}. */
  secret?: string;
  /** Replaces the signature. `null`: none. */
  signature?: string | null;
  /** Replaces the header that names the run. */
  runHeader?: string;
  /** The run that a worker has named. */
  workflowId?: string | undefined;
}

/** A delivery, as LlamaCloud documents it. */
export function createDelivery(options: DeliveryOptions = {}): { headers: Record<string, string>; body: string } {
  const { secret = SECRET, workflowId, ageSeconds = 0 } = options;
  const event = {
    event_id: options.eventId ?? randomUUID(),
    event_type: 'batch.success',
    timestamp: Date.now() / 1_000 - ageSeconds,
    data: { id: options.batchId ?? 'bat-1', job_id: 'bat-1' },
  };
  const body = options.body ?? JSON.stringify(event);
  const signature = options.signature === undefined ? signBody(body, secret) : options.signature;
  const runHeader = options.runHeader ?? (workflowId === undefined ? undefined : toRunHeader(workflowId, secret));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      ...(signature === null ? {} : { 'LC-Signature': signature }),
      ...(runHeader === undefined ? {} : { 'Temporal-LlamaCloud-Run': runHeader }),
    },
  };
}

export function signBody(body: string, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
