import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const library = (name: string) => fileURLToPath(new URL(`../../libs/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  root,
  plugins: [compressed()],
  resolve: {
    alias: { '@postern/ip-ranges': library('ip-ranges') },
  },
  // The Content-Security-Policy allows data: URLs only for images.
  build: {
    assetsInlineLimit: 0,
    outDir: '../../dist/apps/dashboard/public',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
    // `npm run bench -- dashboard` measures what a first visit loads.
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // What every page loads is one file: each request for a small one costs more than it saves.
      output: { codeSplitting: { groups: [{ name: 'initial', tags: ['$initial'] }] } },
      // Mantine's "use client" means nothing here.
      onLog: (level, log, next) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && next(level, log),
    },
  },
  // `npm run dashboard`: pages reload while you write them. Postern itself runs next to it.
  server: {
    proxy: { '/v1': process.env['POSTERN_URL'] ?? 'http://127.0.0.1:8025' },
  },
});

/** Writes each text file also as Brotli and gzip, which the server sends as they are. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle: async ({ dir = '' }) => {
      const assets = join(dir, 'assets');
      const texts = (await readdir(assets)).filter((name) => /\.(js|css|svg)$/.test(name));
      const encodings = { br: promisify(brotliCompress), gz: promisify(gzip) };
      for (const file of texts.map((name) => join(assets, name)))
        for (const [extension, encode] of Object.entries(encodings))
          await writeFile(`${file}.${extension}`, await encode(await readFile(file)));
    },
  };
}
