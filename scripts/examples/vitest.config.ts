/** `npm run examples`: runs each example of `examples/` from the packed package. Building the one in Go takes minutes of CPU. */
import { defineConfig } from 'vitest/config';
import { REPORTERS, TIMEOUTS } from '../../vitest.config.js';

export default defineConfig({
  test: {
    include: ['test/examples/**/*.test.ts'],
    globalSetup: './test/examples/global-setup.ts',
    setupFiles: './test/support/clear-logged.ts',
    isolate: false,
    // Their processes use the CPU.
    maxWorkers: 2,
    reporters: REPORTERS,
    ...TIMEOUTS,
    // The build of the Go example.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
