import { readFile } from 'node:fs/promises';
import { type EmulatorRequest, json, type Reply } from './http-exchange.js';
import { matchesRequest, type RequestTarget } from './request-target.js';

/** Which responses a rewrite applies to. */
export interface RewriteTarget extends RequestTarget {
  readonly path: string | RegExp;
  /** How many responses it changes. Default: all, until it is removed. */
  readonly times?: number;
}

/** Gets the parsed body of a response and returns the body to send. It may modify and return the one it got. */
export type Rewrite = (body: unknown) => unknown;

/** Changes the JSON bodies of 2xx responses. */
export class Rewrites {
  #entries: { readonly target: RewriteTarget; readonly rewrite: Rewrite; remaining: number }[] = [];

  /** Rewrites of the same response apply in the order in which they were added. Returns a function that removes this one. */
  add(target: RewriteTarget, rewrite: Rewrite): () => void {
    const entry = { target, rewrite, remaining: target.times ?? Number.POSITIVE_INFINITY };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  async apply({ method, path }: EmulatorRequest, reply: Reply): Promise<Reply> {
    const entries = this.#entries.filter(
      ({ target, remaining }) => remaining > 0 && matchesRequest(target, method, path),
    );
    if (entries.length === 0 || !reply.headers['content-type']?.startsWith('application/json')) return reply;
    for (const entry of entries) entry.remaining -= 1;
    const text = Buffer.isBuffer(reply.body) ? reply.body : await readFile(reply.body.path);
    let body: unknown = JSON.parse(text.toString('utf8'));
    for (const { rewrite } of entries) body = rewrite(body) ?? null;
    return json(body, reply.status, reply.headers);
  }
}
