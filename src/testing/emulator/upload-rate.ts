import { HttpError } from './http-error.js';
import type { Settings } from './settings.js';

/** Refuses uploads above `maxUploadsPerWindow`. A refused one does not count. */
export class UploadRate {
  #recentMs: number[] = [];

  constructor(private readonly settings: Settings) {}

  /** Throws the 429, without `Retry-After`: the API is said to send none. */
  count(): void {
    const nowMs = Date.now();
    this.#recentMs = this.#recentMs.filter((atMs) => atMs > nowMs - this.settings.uploadWindowMs);
    if (this.#recentMs.length >= this.settings.maxUploadsPerWindow) throw new HttpError(429, 'Rate limit exceeded');
    this.#recentMs.push(nowMs);
  }
}
