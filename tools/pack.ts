/** `npm run pack [-- <folder>]`: makes the npm packages that can be installed, and publishes nothing. docs/releasing.md has the rest. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type InlineConfig } from 'tsdown';

const RELAY_CLIENT = 'postern-relay-client';
const ROOT = join(import.meta.dirname, '..', '..');
/** Checked by the compiler, whose types are those of this Node. */
const NODE = '>=22.20';
type Manifest = Readonly<Record<string, unknown>>;

const root = manifestOf('.');
const folder = resolve(process.argv[2] ?? 'packages');
mkdirSync(folder, { recursive: true });
for (const stage of [stagePostern, stageRelayClient, stageHarakaPlugin]) {
  const staging = mkdtempSync(join(tmpdir(), 'postern-package-'));
  try {
    copy('LICENSE', staging);
    const { version, license, type } = root;
    const manifest = { ...(await stage(staging)), version, license, type, engines: { node: NODE } };
    writeFileSync(join(staging, 'package.json'), JSON.stringify(manifest, null, 2));
    const npm = ['pack', '--silent', '--pack-destination', folder];
    console.log(join(folder, execFileSync('npm', npm, { cwd: staging, encoding: 'utf8' }).trim()));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The services, the command lines and the relay agent as they were built, in the folders where a checkout has them. */
function stagePostern(staging: string): Manifest {
  for (const path of ['README.md', 'CHANGELOG.md', 'docs', 'deploy', 'dist/apps', 'dist/libs']) copy(path, staging);
  for (const name of ['postern', 'postern-agent', 'launch', 'program-of']) copy(`tools/${name}.mjs`, staging);
  writeFileSync(join(staging, 'dist/commit'), execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT }));
  const { name, description, bin, dependencies } = root;
  return { name, description, bin, dependencies };
}

async function stageRelayClient(staging: string): Promise<Manifest> {
  await bundle('relay-client', staging, { dts: true });
  return manifestOf('libs/relay-client');
}

/** It depends on the package of the relay client, in its own version. */
async function stageHarakaPlugin(staging: string): Promise<Manifest> {
  await bundle('haraka-plugin', staging, {
    deps: { neverBundle: ['@postern/relay-client'] },
    outputOptions: { paths: { '@postern/relay-client': RELAY_CLIENT } },
  });
  return { ...manifestOf('libs/haraka-plugin'), dependencies: { [RELAY_CLIENT]: root['version'] } };
}

/** Into one file of a library, with what it needs of our other libraries in it. */
async function bundle(library: string, staging: string, options: InlineConfig): Promise<void> {
  copy('README.md', staging, `libs/${library}`);
  await build({
    config: false,
    cwd: ROOT,
    entry: `libs/${library}/src/index.ts`,
    outDir: join(staging, 'dist'),
    fixedExtension: false,
    target: 'node22',
    treeshake: { moduleSideEffects: false },
    checks: { pluginTimings: false },
    logLevel: 'warn',
    ...options,
  });
}

/** Without what only tests need, and without pictures. */
function copy(path: string, staging: string, from = '.'): void {
  cpSync(join(ROOT, from, path), join(staging, path), {
    recursive: true,
    filter: (file) => !/[\\/]dist[\\/].*[\\/](testing|test-support)$|[\\/]docs[\\/]screenshots$/.test(file),
  });
}

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Manifest;
}
