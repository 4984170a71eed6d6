#!/usr/bin/env node
/** The `temporal-llamacloud` command. */
import { runCli } from './run-cli.js';

process.exitCode = await runCli(process.argv.slice(2));
// Flush the output, then exit: open connections and timers would keep the process alive.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
process.exit();
