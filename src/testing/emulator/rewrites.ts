import { readFile } from 'node:fs/promises';
import { type EmulatorRequest, json, type Reply } from './http-exchange.js';
import { matchesRequest, type RequestTarget } from './request-target.js';

/** Which answers a rewrite is for. */
export interface RewriteTarget extends RequestTarget {
  readonly path: string | RegExp;
  /** How many answers it changes. Default: all, until it is taken away. */
  readonly times?: number;
}

/** Takes the JSON of an answer and gives what is answered in its place. It may change what it was given and give that. */
export type Rewrite = (body: unknown) => unknown;

/** Changes the JSON of 2xx answers on their way out. */
export class Rewrites {
  #entries: { readonly target: RewriteTarget; readonly rewrite: Rewrite; left: number }[] = [];

  /** Rewrites for the same answer apply in the order in which they were added. Gives the function that removes it. */
  add(target: RewriteTarget, rewrite: Rewrite): () => void {
    const entry = { target, rewrite, left: target.times ?? Number.POSITIVE_INFINITY };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  async apply({ method, path }: EmulatorRequest, reply: Reply): Promise<Reply> {
    const entries = this.#entries.filter(({ target, left }) => left > 0 && matchesRequest(target, method, path));
    if (entries.length === 0 || !reply.headers['content-type']?.startsWith('application/json')) return reply;
    for (const entry of entries) entry.left -= 1;
    const text = Buffer.isBuffer(reply.body) ? reply.body : await readFile(reply.body.path);
    let body: unknown = JSON.parse(text.toString('utf8'));
    for (const { rewrite } of entries) body = rewrite(body) ?? null;
    return json(body, reply.status, reply.headers);
  }
}
