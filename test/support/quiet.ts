import { DefaultLogger, Runtime } from '@temporalio/worker';

// A failed file is a warning with a stack for each; tests make many on purpose.
Runtime.install({ logger: new DefaultLogger('ERROR') });
