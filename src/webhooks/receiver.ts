import { readEvent, type WebhookEvent } from './event.js';
import { readBody } from './read-body.js';
import { RUN_HEADER, readRunHeader } from './run-header.js';
import { findSecretsProblem } from './secrets.js';
import { isSigned, readDigest, SIGNATURE_HEADER } from './signature.js';
import { TakenEvents } from './taken-events.js';
import { type WebhookTemporalClient, wakeRuns } from './wake-runs.js';

export interface WebhookReceiverOptions {
  /** Temporal's client of the namespace of the runs. It need not be connected yet. */
  client: WebhookTemporalClient;
  /**
   * The secret that the workers give to LlamaCloud, and while you replace it also the other one: a delivery that either has signed is
   * taken. At least 8 characters each.
   */
  secrets: readonly string[];
  /** How far the timestamp of a delivery may be from this machine's clock, in milliseconds. Default 300,000 (5 minutes). */
  toleranceMs?: number;
  /** Largest body, in bytes. Default 262,144 (256 KiB). */
  maxBodyBytes?: number;
  /** Time for a body to arrive, in milliseconds. Default 10,000. */
  bodyTimeoutMs?: number;
  /** Called once for each delivery, when its outcome is known: for logs and metrics. */
  onDelivery?: (delivery: WebhookDelivery) => void;
}

/** What became of a delivery. */
export interface WebhookDelivery {
  readonly outcome: WebhookOutcome;
  /** Such as `batch.success`. `undefined` if the delivery was refused before its body was believed. */
  readonly eventType?: string;
  /** The runs that were woken. */
  readonly workflowIds?: readonly string[];
  /** Why Temporal did not take the signal. */
  readonly error?: unknown;
}

/** Why a delivery was refused, with the status and the text of the response. */
const REFUSALS = {
  unsigned: [401, 'The header LC-Signature is missing, or is not sha256= and 64 hexadecimal digits'],
  forged: [401, 'The signature is not of this body and this secret'],
  // As a signature that is too old, it proves nothing.
  stale: [401, 'The timestamp is too far from the time of this server'],
  // 200: LlamaCloud sends an event again if the response to it was lost. With an error it would send it once more.
  replayed: [200, 'This event was taken before'],
  oversized: [413, 'The body is too large'],
  slow: [408, 'The body did not arrive in time'],
  malformed: [400, 'The body is not an event of LlamaCloud: event_id or timestamp is missing'],
  overloaded: [503, 'Too many signals are waiting for Temporal'],
} as const satisfies Record<string, readonly [number, string]>;

/** Why a delivery was refused. None of these wakes a run. */
export type WebhookRefusal = keyof typeof REFUSALS;

/**
 * `woken`: a run polls now. `no-run`: no open run has this batch. `undelivered`: Temporal could not be reached, or refused the signal. Or a
 * {@link WebhookRefusal}.
 */
export type WebhookOutcome = 'woken' | 'no-run' | 'undelivered' | WebhookRefusal;

/** Time for Temporal to take a signal, with the retries of its client. */
const SIGNAL_TIMEOUT_MS = 30_000;

/** Signals that wait for Temporal at a time. It bounds the memory while Temporal is away. */
const MAX_PENDING = 1_000;

/**
 * Takes the webhooks of LlamaCloud, and wakes the runs whose batches they are about. Checks the signature of the raw body, its time,
 * that the event is new, and the size of the body.
 *
 * What a delivery says is not believed: the run polls its batch in LlamaCloud, earlier than it would have.
 *
 * @example
 * ```ts
 * const receiver = new WebhookReceiver({ client, secrets: ['whsec-...'] });
 * export const POST = receiver.handle;
 * ```
 */
export class WebhookReceiver {
  readonly #client: WebhookTemporalClient;
  readonly #secrets: readonly string[];
  readonly #toleranceMs: number;
  readonly #maxBodyBytes: number;
  readonly #bodyTimeoutMs: number;
  readonly #onDelivery: (delivery: WebhookDelivery) => void;
  readonly #taken = new TakenEvents();
  readonly #pending = new Set<Promise<void>>();
  readonly #counts: Record<WebhookOutcome, number> = {
    woken: 0,
    'no-run': 0,
    undelivered: 0,
    unsigned: 0,
    forged: 0,
    stale: 0,
    replayed: 0,
    oversized: 0,
    slow: 0,
    malformed: 0,
    overloaded: 0,
  };

  /** @throws TypeError if there is no secret, if there are more than two, or if one is too short. */
  constructor(options: WebhookReceiverOptions) {
    const problem = findSecretsProblem(options.secrets);
    if (problem !== undefined) throw new TypeError(`secrets ${problem}`);
    this.#client = options.client;
    this.#secrets = [...options.secrets];
    this.#toleranceMs = options.toleranceMs ?? 5 * 60_000;
    this.#maxBodyBytes = options.maxBodyBytes ?? 256 * 1024;
    this.#bodyTimeoutMs = options.bodyTimeoutMs ?? 10_000;
    this.#onDelivery = options.onDelivery ?? (() => undefined);
  }

  /** How many deliveries had which outcome, since this receiver was made. */
  get counts(): Readonly<Record<WebhookOutcome, number>> {
    return { ...this.#counts };
  }

  /** How many signals wait for Temporal. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Answers a delivery. It can be passed on without its receiver.
   *
   * A genuine delivery is answered with 202 before Temporal has taken the signal, also where Temporal can't be reached. LlamaCloud
   * waits for responses and may give up on an endpoint that is slow or fails, and whether and when it tries again is not promised. Temporal's client
   * tries again for some seconds by itself. If that is not enough, the signal is lost: the run polls as if there were no
   * webhooks.
   *
   * @throws TypeError if something else has read the body.
   */
  readonly handle = async (request: Request): Promise<Response> => {
    if (request.method !== 'POST') return respond(405, 'Webhooks are sent with POST', { allow: 'POST' });
    const checked = await this.#check(request);
    if (typeof checked === 'string') {
      this.#record({ outcome: checked });
      const [status, text] = REFUSALS[checked];
      return respond(status, text);
    }
    const waking = this.#wake(checked).finally(() => this.#pending.delete(waking));
    this.#pending.add(waking);
    return respond(202, 'Taken');
  };

  /** Waits until Temporal has taken, or has not taken in time, the signals of all deliveries so far: at most 30 seconds. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #check(request: Request): Promise<Genuine | WebhookRefusal> {
    const digest = readDigest(request.headers.get(SIGNATURE_HEADER));
    if (digest === undefined) return 'unsigned';
    const read = await readBody(request, this.#maxBodyBytes, this.#bodyTimeoutMs);
    if ('refused' in read) return read.refused;
    if (!isSigned(read.body, digest, this.#secrets)) return 'forged';
    const header = request.headers.get(RUN_HEADER);
    const workflowId = header === null ? undefined : readRunHeader(header, this.#secrets);
    if (header !== null && workflowId === undefined) return 'forged';
    const event = readEvent(read.body);
    if (event === undefined) return 'malformed';
    const nowMs = Date.now();
    if (Math.abs(nowMs - event.createdAtMs) >= this.#toleranceMs) return 'stale';
    // Before the event is taken, so that it can be sent again.
    if (this.#pending.size >= MAX_PENDING) return 'overloaded';
    return this.#taken.take(event.id, nowMs, event.createdAtMs + this.#toleranceMs)
      ? { event, workflowId }
      : 'replayed';
  }

  async #wake({ event, workflowId }: Genuine): Promise<void> {
    const eventType = event.type;
    try {
      const workflowIds = await this.#client.withDeadline(Date.now() + SIGNAL_TIMEOUT_MS, () =>
        wakeRuns(this.#client, workflowId, event.batchId),
      );
      this.#record({ outcome: workflowIds.length === 0 ? 'no-run' : 'woken', eventType, workflowIds });
    } catch (error) {
      this.#record({ outcome: 'undelivered', eventType, error });
    }
  }

  #record(delivery: WebhookDelivery): void {
    this.#counts[delivery.outcome] += 1;
    this.#onDelivery(delivery);
  }
}

/** A delivery that passed every check. */
interface Genuine {
  readonly event: WebhookEvent;
  /** Workflow id of the run, if a worker has added the webhook. */
  readonly workflowId: string | undefined;
}

function respond(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } });
}
