export {
  type WebhookDelivery,
  type WebhookOutcome,
  WebhookReceiver,
  type WebhookReceiverOptions,
  type WebhookRefusal,
} from './receiver.js';
export type { WebhookTemporalClient } from './wake-runs.js';
