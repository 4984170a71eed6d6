import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

// A failed file is a warning with a stack for each, and tests make many on purpose.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});
