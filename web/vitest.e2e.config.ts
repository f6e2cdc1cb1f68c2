import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The browser specs: they start the real hub and a real Chromium, one file after the other. */
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    environment: 'node',
    include: ['testing/e2e/**/*.spec.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
