import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: the real servers and the workers need them more than a third test file does.
    maxWorkers: 2,
    fileParallelism: true,
  },
});
