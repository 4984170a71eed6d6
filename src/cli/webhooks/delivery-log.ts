import type { WebhookDelivery, WebhookOutcome } from '../../webhooks/index.js';

/** Anybody can send forged deliveries: a line for each would fill the log. */
const SUMMARY_INTERVAL_MS = 60_000;

/** What a person can do about an outcome. */
const ADVICE: Readonly<Record<WebhookOutcome, string>> = {
  woken: 'webhooks work: the run polls its batch now',
  'no-run':
    'no open run has the batch. Nothing to do if the run has ended, or if the batch is of another program. A run that was started with a batch id is found only if the search attributes are registered: temporal-llamacloud setup',
  undelivered: 'Temporal did not take the signal. The run polls by itself',
  unsigned: 'it has no LC-Signature. Set LLAMACLOUD_WEBHOOK_SECRET for the worker too, if it comes from LlamaCloud',
  forged:
    'its LC-Signature is not of a secret in LLAMACLOUD_WEBHOOK_SECRET. While you replace the secret, give the receiver both, with a comma between them. Otherwise somebody else has sent it',
  stale:
    'its timestamp is minutes away from the clock of this machine. Check the clock. Otherwise somebody has sent an old delivery again',
  replayed: 'its event was taken before. LlamaCloud may send an event twice',
  oversized: 'its body is larger than any event of LlamaCloud',
  slow: 'its body did not arrive in time',
  malformed: 'its signature is good, but its body is no event of LlamaCloud. Look for a newer version of this package',
  overloaded: 'too many signals are waiting. Check whether Temporal can be reached',
};

/** Says what becomes of deliveries: the first of each outcome, then the counts once a minute while they change. */
export class DeliveryLog {
  readonly #seen = new Set<WebhookOutcome>();
  readonly #timer: NodeJS.Timeout;
  #hasChanged = false;

  constructor(
    private readonly print: (line: string) => void,
    private readonly readCounts: () => Readonly<Record<WebhookOutcome, number>>,
  ) {
    this.#timer = setInterval(() => {
      if (this.#hasChanged) this.printCounts();
    }, SUMMARY_INTERVAL_MS);
  }

  add({ outcome, eventType, workflowIds = [], error }: WebhookDelivery): void {
    this.#hasChanged = true;
    if (this.#seen.has(outcome)) return;
    this.#seen.add(outcome);
    const about = [eventType, ...workflowIds].filter((part) => part !== undefined).join(' ');
    const reason = error instanceof Error ? `: ${error.message}` : '';
    this.print(`First delivery that is ${outcome}${about === '' ? '' : ` (${about})`}: ${ADVICE[outcome]}${reason}`);
  }

  /** Such as `Deliveries so far: 12 woken, 1 forged`. */
  printCounts(): void {
    this.#hasChanged = false;
    const counts = Object.entries(this.readCounts()).filter(([, count]) => count > 0);
    const text = counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
    this.print(`Deliveries so far: ${text === '' ? 'none' : text}`);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
