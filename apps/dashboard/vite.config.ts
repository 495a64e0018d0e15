import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const library = (name: string) => fileURLToPath(new URL(`../../libs/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: { '@postern/ip-ranges': library('ip-ranges') },
  },
  // The Content-Security-Policy allows no data: URLs but images.
  build: {
    assetsInlineLimit: 0,
    outDir: '../../dist/apps/dashboard/public',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: {
      // "use client" of Mantine's files means nothing here.
      onLog: (level, log, next) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && next(level, log),
    },
  },
  // `npm run dashboard`: pages reload while you write them. Postern itself runs next to it.
  server: {
    proxy: { '/v1': process.env['POSTERN_URL'] ?? 'http://127.0.0.1:8025' },
  },
});
