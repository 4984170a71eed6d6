import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isPlainText, RESULT_TYPES, type ResultType } from './documents/render.js';
import { HttpError } from './http-error.js';
import type { EmulatorRequest, Reply } from './http-exchange.js';
import type { Project } from './project.js';
import { PRESIGNED_PREFIX } from './request-target.js';
import { formatServiceTime } from './service-clock.js';

/** In place of a result's type in the path: the file itself. */
const SOURCE = 'source';

/** Presigned downloads, as from S3: the URL carries a signature, and a request with an `Authorization` header is refused. */
export class PresignedFiles {
  readonly #secret = randomBytes(32);

  constructor(
    private readonly project: Project,
    private readonly baseUrl: () => string,
  ) {}

  urlFor(jobId: string, type: ResultType): string {
    return this.#presign(`${PRESIGNED_PREFIX}${jobId}/${type}`, this.#expiry());
  }

  /** Of a file of a directory, as LlamaCloud's `PresignedUrl`. */
  sourceUrl(fileId: string): object {
    const expires = this.#expiry();
    const url = this.#presign(`${PRESIGNED_PREFIX}${fileId}/${SOURCE}`, expires);
    return { url, expires_at: formatServiceTime(expires, this.project.settings), form_fields: null };
  }

  async handle({ method, path, query, headers }: EmulatorRequest): Promise<Reply> {
    if (method !== 'GET') throw new HttpError(405, 'Method Not Allowed', { allow: 'GET' });
    if (headers.authorization !== undefined) {
      throw new HttpError(400, 'only one way to authorize is allowed: the signature, or the Authorization header');
    }
    const expires = query.get('expires') ?? '';
    const signature = Buffer.from(query.get('signature') ?? '');
    const expected = Buffer.from(this.#sign(path, expires));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new HttpError(403, 'the signature is missing or wrong');
    }
    if (Number(expires) < Date.now()) throw new HttpError(403, 'the URL has expired');

    const [id = '', name] = path.slice(PRESIGNED_PREFIX.length).split('/');
    return name === SOURCE ? this.#source(id) : this.#result(id, name);
  }

  async #source(fileId: string): Promise<Reply> {
    const files = this.project.directories.all().flatMap((directory) => directory.files);
    const source = files.find(({ id }) => id === fileId)?.source;
    if (source === undefined) throw new HttpError(404, 'Not Found');
    const body = 'path' in source ? await readFile(source.path) : Buffer.from(source.content);
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
  }

  async #result(jobId: string, name: string | undefined): Promise<Reply> {
    const type = RESULT_TYPES.find((candidate) => candidate === name);
    const outcome = this.project.jobs.get(jobId)?.outcome ?? null;
    if (type === undefined || outcome === null || 'error' in outcome) throw new HttpError(404, 'Not Found');
    const contentType = isPlainText(type) ? 'text/plain; charset=utf-8' : 'application/json';
    return { status: 200, headers: { 'content-type': contentType }, body: await outcome.document.download(type) };
  }

  #expiry(): number {
    return Date.now() + this.project.settings.presignedUrlTtlMs;
  }

  #presign(path: string, expires: number): string {
    return `${this.baseUrl()}${path}?expires=${expires}&signature=${this.#sign(path, String(expires))}`;
  }

  #sign(path: string, expires: string): string {
    return createHmac('sha256', this.#secret).update(`${path}?${expires}`).digest('hex');
  }
}
