import { createHmac, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { HttpError } from './http-error.js';
import type { Batch } from './model.js';
import type { SeededRandom } from './seeded-random.js';
import type { Settings } from './settings.js';
import { batchState, nextBatchChangeMs } from './timeline.js';

/** A webhook endpoint in the request that creates a batch. */
export const webhookConfiguration = z.object({
  webhook_url: z.string().nullish(),
  webhook_events: z.array(z.string()).nullish(),
  webhook_headers: z.record(z.string(), z.string()).nullish(),
  webhook_signing_secret: z.string().nullish(),
  webhook_output_format: z.string().nullish(),
});
export type WebhookConfiguration = z.infer<typeof webhookConfiguration>;

const EVENTS: Readonly<Record<string, string>> = {
  PENDING: 'batch.pending',
  RUNNING: 'batch.running',
  COMPLETED: 'batch.success',
  FAILED: 'batch.error',
  CANCELLED: 'batch.cancelled',
};
const ATTEMPTS = 3;
const ATTEMPT_TIMEOUT_MS = 30_000;

interface Watch {
  readonly batch: Batch;
  readonly endpoints: readonly WebhookConfiguration[];
  lastStatus: string | null;
  /** Status changes up to this time (ms of the epoch) have been announced. */
  announcedUntilMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** Posts the status changes of batches to their endpoints. */
export class WebhookNotifier {
  readonly #watches = new Map<string, Watch>();
  readonly #closing = new AbortController();

  constructor(
    private readonly settings: Settings,
    private readonly random: SeededRandom,
    private readonly payload: (batch: Batch) => object,
  ) {
    // Each delivery listens to it, and Node warns about more than ten listeners.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Throws a 400 for an endpoint that is not on this machine: the emulator must not send requests elsewhere. */
  check(endpoints: readonly WebhookConfiguration[]): void {
    for (const { webhook_url } of endpoints) {
      if (typeof webhook_url === 'string' && !isLoopback(webhook_url)) {
        throw new HttpError(400, 'the emulator delivers webhooks to loopback addresses only');
      }
    }
  }

  watch(batch: Batch, endpoints: readonly WebhookConfiguration[]): void {
    if (endpoints.length === 0) return;
    this.#watches.set(batch.id, {
      batch,
      endpoints,
      lastStatus: null,
      announcedUntilMs: batch.createdAtMs,
      timer: undefined,
    });
    this.onBatchChange(batch);
  }

  /** Call it after each change of a batch that is not caused by time. */
  onBatchChange(batch: Batch): void {
    const watch = this.#watches.get(batch.id);
    if (watch === undefined || this.#closing.signal.aborted) return;
    clearTimeout(watch.timer);
    const nowMs = Date.now();
    this.#announceStatus(watch);
    // One change at a time, so that a late timer skips no status.
    for (;;) {
      const changeMs = nextBatchChangeMs(batch, watch.announcedUntilMs, this.settings);
      if (changeMs === null) return;
      if (changeMs > nowMs) {
        watch.timer = setTimeout(() => this.onBatchChange(batch), changeMs - nowMs);
        return;
      }
      watch.announcedUntilMs = changeMs;
      this.#announceStatus(watch);
    }
  }

  close(): void {
    this.#closing.abort();
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
  }

  #announceStatus(watch: Watch): void {
    const { status } = batchState(watch.batch, watch.announcedUntilMs, this.settings);
    if (status === watch.lastStatus) return;
    watch.lastStatus = status;
    const event = EVENTS[status];
    if (event !== undefined) this.#announce(watch, event);
  }

  #announce({ batch, endpoints }: Watch, event: string): void {
    const { webhookLostShare, webhookDoubledShare } = this.settings;
    const id = randomUUID();
    const json = JSON.stringify({
      event_id: id,
      event_type: event,
      timestamp: Date.now() / 1_000,
      data: this.payload(batch),
    });
    for (const endpoint of endpoints) {
      const { webhook_events: events, webhook_url: url } = endpoint;
      if (typeof url !== 'string' || (Array.isArray(events) && !events.includes(event))) continue;
      if (this.random.fraction('webhook-lost') < webhookLostShare) continue;
      const headers = { 'X-Webhook-Event-ID': id, 'X-Webhook-Event-Type': event };
      const body = endpoint.webhook_output_format === 'json' ? json : JSON.stringify(json);
      const copies = this.random.fraction('webhook-doubled') < webhookDoubledShare ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        // Like the service, it reports no delivery that failed.
        this.#deliver(url, endpoint, headers, body).catch(() => undefined);
      }
    }
  }

  async #deliver(
    url: string,
    endpoint: WebhookConfiguration,
    eventHeaders: Record<string, string>,
    body: string,
  ): Promise<void> {
    const delayMs = this.random.fraction('webhook-delay') * this.settings.webhookSpreadMs;
    if (delayMs > 0) await wait(delayMs, undefined, { signal: this.#closing.signal });
    const headers: Record<string, string> = {
      ...endpoint.webhook_headers,
      ...eventHeaders,
      'content-type': 'application/json',
    };
    if (typeof endpoint.webhook_signing_secret === 'string') {
      const digest = createHmac('sha256', endpoint.webhook_signing_secret).update(body).digest('hex');
      headers['LC-Signature'] = `sha256=${digest}`;
    }
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (await this.#post(url, headers, body)) return;
      const backoffMs = this.settings.webhookBackoffMs * 2 ** (attempt - 1);
      if (attempt < ATTEMPTS) await wait(backoffMs, undefined, { signal: this.#closing.signal });
    }
  }

  async #post(url: string, headers: Record<string, string>, body: string): Promise<boolean> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
