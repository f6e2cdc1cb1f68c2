import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { markdown } from './markdown.ts';

// In development the page is served by Vite and everything the hub answers is passed through to it,
// so that the page only ever talks to its own origin, exactly as in production.
const hub = process.env['GATECALL_HUB'] ?? 'http://127.0.0.1:5000';

export default defineConfig({
  plugins: [react(), markdown()],
  resolve: {
    alias: {
      '@/docs': fileURLToPath(new URL('../docs', import.meta.url)),
      '@': fileURLToPath(new URL('./src', import.meta.url)),
    },
  },
  server: {
    port: 3000,
    // The documents that pages show lie beside this folder.
    fs: { allow: ['..'] },
    proxy: {
      '/api': { target: hub },
      '/ws': { target: hub, ws: true },
    },
  },
  // light-dark() must reach the browser as it is: a part of the page in the dark scheme relies on it.
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['testing/setup.ts'],
    restoreMocks: true,
  },
});
