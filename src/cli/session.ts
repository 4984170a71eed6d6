import type { Place } from './errors.js';
import { Interrupt } from './interrupt.js';
import { withoutSecrets } from './secrets.js';

/** What a shell makes of SIGPIPE. */
const BROKEN_PIPE = 141;

/** One invocation of the command: where its words go. */
export class Session {
  readonly interrupt = new Interrupt();
  /** One JSON document on stdout, everything else on stderr. */
  readonly json: boolean;
  readonly debug: boolean;
  /** Where the command looks for Temporal, once that is known. */
  place: Place | undefined;

  constructor(argv: readonly string[]) {
    this.json = argv.includes('--json');
    this.debug = argv.includes('--debug');
    for (const stream of [process.stdout, process.stderr]) {
      // Whoever read us (`| head`, a closed terminal) is gone: there is nobody to tell, and the outcome is not known.
      stream.on('error', () => process.exit(BROKEN_PIPE));
    }
  }

  /** The stream for people. */
  get stream(): NodeJS.WriteStream {
    return this.json ? process.stderr : process.stdout;
  }

  /** A line for people. */
  say(line = ''): void {
    this.stream.write(`${line}\n`);
  }

  /** A line for people that is not part of the answer: a warning, an error. */
  warn(line: string): void {
    process.stderr.write(`${withoutSecrets(line)}\n`);
  }

  /** The answer for machines; nothing without `--json`. */
  answer(document: object): void {
    if (this.json) process.stdout.write(`${withoutSecrets(JSON.stringify(document))}\n`);
  }
}
