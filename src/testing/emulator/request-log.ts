import type { Form } from './uploads.js';

/** A request that the emulator received. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** Each parameter with its values in order. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  /** Status of the response; 0 when the connection ended without one. */
  readonly status: number;
  /** When the request arrived, in ms of the epoch. */
  readonly atMs: number;
  /**
   * The body, parsed if it is JSON, else as text; absent when there was none. Of a form: an object with its fields, where a file
   * is `{ name, sizeBytes }`.
   */
  readonly body?: unknown;
}

/** Every request in the order of arrival. */
export class RequestLog {
  readonly #entries: LogEntry[] = [];

  get requests(): readonly RecordedRequest[] {
    return this.#entries;
  }

  add(method: string, url: URL): LogEntry {
    const entry = new LogEntry(method, url);
    this.#entries.push(entry);
    return entry;
  }

  /** The body of `GET /__emulator/requests`. */
  summary(): readonly Pick<RecordedRequest, 'method' | 'path' | 'status'>[] {
    return this.#entries.map(({ method, path, status }) => ({ method, path, status }));
  }
}

/** A request whose body and status are set later. */
export class LogEntry implements RecordedRequest {
  readonly path: string;
  readonly query: Record<string, string[]>;
  readonly atMs = Date.now();
  status = 0;
  body?: unknown;

  constructor(
    readonly method: string,
    url: URL,
  ) {
    this.path = url.pathname;
    this.query = {};
    for (const name of new Set(url.searchParams.keys())) this.query[name] = url.searchParams.getAll(name);
  }

  setForm({ texts, files }: Form): void {
    const described = [...files].map(([field, { name, sizeBytes }]) => [field, { name, sizeBytes }] as const);
    this.body = Object.fromEntries([...texts, ...described]);
  }

  setBody(text: string): void {
    if (text === '') return;
    try {
      this.body = JSON.parse(text);
    } catch {
      this.body = text;
    }
  }
}
