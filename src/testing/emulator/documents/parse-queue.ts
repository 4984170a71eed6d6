import { setImmediate } from 'node:timers/promises';
import type { Job } from '../model.js';
import { parseFile } from './parse.js';
import { DocumentError } from './parsed.js';
import { PdfParser } from './pdf.js';
import { DocumentStore } from './store.js';

// Two cores are what the project's machines have.
const MAX_AT_A_TIME = 2;

/** The real work behind the jobs: each document is parsed once, two at a time, in the order of arrival. */
export class ParseQueue {
  readonly #pdf = new PdfParser();
  readonly #store = new DocumentStore();
  #waiting: Job[] = [];
  #running = new Set<Promise<void>>();
  #closed = false;

  /** `isWanted` is asked when a job's turn comes; the work of a cancelled job is left undone. */
  constructor(private readonly isWanted: (job: Job) => boolean) {}

  add(jobs: readonly Job[]): void {
    this.#waiting.push(...jobs);
    // Taken from the end, so that taking one costs the same however many wait.
    this.#waiting.sort((a, b) => b.seq - a.seq);
    this.#fill();
  }

  /** Ends the parser's processes and removes the temporary files. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    this.#pdf.close();
    await Promise.all(this.#running);
    await this.#store.close();
  }

  #fill(): void {
    while (!this.#closed && this.#running.size < MAX_AT_A_TIME) {
      const job = this.#waiting.pop();
      if (job === undefined) return;
      if (!this.isWanted(job)) continue;
      const run: Promise<void> = this.#run(job).finally(() => {
        this.#running.delete(run);
        this.#fill();
      });
      this.#running.add(run);
    }
  }

  async #run(job: Job): Promise<void> {
    // Many small documents in a row would otherwise leave no turn for the requests.
    await setImmediate();
    try {
      const document = await parseFile(job.file, this.#pdf);
      job.outcome = { document: await this.#store.add(job.id, job.file.name, document) };
    } catch (error) {
      const unexpected = error instanceof DocumentError ? '' : 'the emulator failed: ';
      job.outcome = { error: unexpected + (error instanceof Error ? error.message : String(error)) };
    }
    job.outcomeAtMs = Date.now();
  }
}
