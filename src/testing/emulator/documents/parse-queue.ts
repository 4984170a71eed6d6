import { setImmediate } from 'node:timers/promises';
import type { Job } from '../model.js';
import { parseFile } from './parse.js';
import { DocumentError } from './parsed.js';
import { PdfParser } from './pdf.js';
import { DocumentStore } from './store.js';

const MAX_CONCURRENT = 2;

/** Parses the documents of the jobs: each once, two at a time, in the order of the jobs. */
export class ParseQueue {
  readonly #pdf = new PdfParser();
  readonly #store = new DocumentStore();
  #waiting: Job[] = [];
  #running = new Set<Promise<void>>();
  #closed = false;

  /** `shouldParse` is called just before a document is parsed, so that cancelled jobs are skipped. */
  constructor(private readonly shouldParse: (job: Job) => boolean) {}

  add(jobs: readonly Job[]): void {
    this.#waiting.push(...jobs);
    // Newest first: `pop` takes the oldest at a constant cost.
    this.#waiting.sort((a, b) => b.seq - a.seq);
    this.#fill();
  }

  /** Stops the parser processes and removes the temporary files. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    this.#pdf.close();
    await Promise.all(this.#running);
    await this.#store.close();
  }

  #fill(): void {
    while (!this.#closed && this.#running.size < MAX_CONCURRENT) {
      const job = this.#waiting.pop();
      if (job === undefined) return;
      if (!this.shouldParse(job)) continue;
      const run: Promise<void> = this.#run(job).finally(() => {
        this.#running.delete(run);
        this.#fill();
      });
      this.#running.add(run);
    }
  }

  async #run(job: Job): Promise<void> {
    // Lets requests in between many small documents.
    await setImmediate();
    try {
      const document = await parseFile(job.file, this.#pdf);
      job.outcome = { document: await this.#store.add(job.id, job.file.name, document) };
    } catch (error) {
      const prefix = error instanceof DocumentError ? '' : 'the emulator failed: ';
      job.outcome = { error: prefix + (error instanceof Error ? error.message : String(error)) };
    }
    job.outcomeAtMs = Date.now();
  }
}
