import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { addLogged } from './logged.js';

// Each failed file logs a warning with a stack, and tests have many failed files.
Runtime.install({
  logger: new DefaultLogger('DEBUG', (entry) => {
    addLogged(entry);
    if (entry.level === 'ERROR') process.stderr.write(`${entry.level} ${entry.message}\n`);
  }),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});
