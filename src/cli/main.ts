#!/usr/bin/env node
/** The `temporal-llamacloud` command. */
import { run } from './run.js';

process.exitCode = await run(process.argv.slice(2));
// What is still open (a connection, a timer) must not hold the command; what was written must not be lost.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
process.exit();
