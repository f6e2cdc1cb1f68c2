import { defineConfig } from 'vitest/config';

/** The browser specs: they start the real hub and a real Chromium, one file after the other. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['testing/e2e/**/*.spec.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
