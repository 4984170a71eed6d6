import { inspect } from 'node:util';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { logged } from './logged.js';

// A failed file is a warning with a stack for each, and tests make many on purpose.
Runtime.install({
  logger: new DefaultLogger('DEBUG', (entry) => {
    logged.push(inspect(entry, { depth: 10 }));
    if (entry.level === 'ERROR') process.stderr.write(`${entry.level} ${entry.message}\n`);
  }),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});
