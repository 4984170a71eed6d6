export {
  type Delivery,
  type DeliveryOutcome,
  type DeliveryRefusal,
  WebhookReceiver,
  type WebhookReceiverOptions,
} from './receiver.js';
export type { WebhookTemporalClient } from './wake-runs.js';
