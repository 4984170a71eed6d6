import { HttpError } from '../http-error.js';
import type { EmulatorRequest, Reply } from '../http-exchange.js';

/** Handles a request of one route. `id` is the value of `{id}` in the route's path, or '' when the path has none. */
export type Handler = (request: EmulatorRequest, id: string) => Promise<Reply> | Reply;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** May contain one `{id}`. */
  readonly path: string;
  readonly handle: Handler;
}

/** Dispatches requests to routes; throws the 404 or 405 of a request without a route. */
export class Router {
  readonly #routes: readonly { route: Route; pattern: RegExp }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({
      route,
      pattern: new RegExp(`^${route.path.replace('{id}', '([^/]+)')}$`),
    }));
  }

  async handle(request: EmulatorRequest): Promise<Reply> {
    const allowed: string[] = [];
    for (const { route, pattern } of this.#routes) {
      const match = pattern.exec(request.path);
      if (match === null) continue;
      if (route.method === request.method) return await route.handle(request, decodeId(match[1] ?? ''));
      allowed.push(route.method);
    }
    if (allowed.length > 0) throw new HttpError(405, 'Method Not Allowed', { allow: allowed.join(', ') });
    throw new HttpError(404, 'Not Found');
  }
}

function decodeId(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(404, 'Not Found');
  }
}
