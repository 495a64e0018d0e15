import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const core = dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css'));
const packages = dirname(core);
const IMPORT = /import\s*(?:type\s*)?\{([^}]*)\}\s*from\s*['"]@mantine\/core['"]/g;

/** The styles of only those Mantine components that the dashboard uses: a sixth of all. */
export function mantineStyles(src: string): Plugin {
  return {
    name: 'mantine-styles',
    apply: 'build',
    enforce: 'pre',
    load: (id) => (id === join(core, 'styles.css') ? stylesOf(componentsUsed(src)) : null),
  };
}

function componentsUsed(src: string): Set<string> {
  const files = [
    ...globSync(join(src, '**/*.{ts,tsx}')),
    ...globSync(join(packages, '{charts,notifications}/esm/**/*.mjs')),
  ];
  const names = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(IMPORT)].flatMap(([, list = '']) => list.split(',')),
  );
  return new Set(names.map((name) => name.trim().split(' ')[0] ?? ''));
}

function stylesOf(components: Set<string>): string {
  const index = readFileSync(join(core, 'esm/index.mjs'), 'utf8');
  const reached = new Set<string>();
  for (const [, name = '', path = ''] of index.matchAll(/import \{ (\w+)[^}]* \} from "(\..*?)"/g))
    if (components.has(name)) reach(join(core, 'esm', path), reached);
  const all = readFileSync(join(core, 'styles.css'), 'utf8');
  const sheets = [...reached]
    .filter((file) => file.endsWith('.module.mjs'))
    .map((file) => readFileSync(join(core, 'styles', `${basename(file, '.module.mjs')}.css`), 'utf8'))
    // In the order of the complete file: later rules win.
    .toSorted((a, b) => all.indexOf(a.slice(0, 60)) - all.indexOf(b.slice(0, 60)));
  const base = ['baseline', 'default-css-variables', 'global'].map((name) =>
    readFileSync(join(core, 'styles', `${name}.css`), 'utf8'),
  );
  return [...base, ...sheets].join('\n');
}

/** Adds the file and the files of its own package that it imports. */
function reach(file: string, reached: Set<string>): void {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from "(\..*?)"/g))
    reach(join(dirname(file), path), reached);
}
