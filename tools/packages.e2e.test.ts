import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@postern/embedded-kafka';
import { until } from '@postern/testing';

const ROOT = join(import.meta.dirname, '..');
/** The oldest that the packages promise to run on; every other test runs on the newest. */
const NODE = '22.20.0';
const HARAKA = '3.3.4';

let folder: string;
let tarballs: readonly string[];
let posternUrl: string;
const running: ChildProcess[] = [];

/** Without npm's own settings of this run: each folder is a project of its own. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(POSTERN_|NODE_OPTIONS$|INIT_CWD$|npm_(lifecycle|package|config_(local_|global_)?prefix|command))/.test(name),
  ),
);

/** Starts a program in one of the folders, on the old Node. */
function start(project: string, [command = '', ...args]: readonly string[]): ChildProcess {
  const bin = join(folder, 'node', 'node_modules', '.bin');
  const child = spawn(command, args, {
    cwd: join(folder, project),
    env: {
      ...environment,
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      POSTERN_HTTP_PORT: new URL(posternUrl).port,
      POSTERN_LOG_LEVEL: 'fatal',
    },
    // A group of its own, to end with all that it started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
}

/** Runs it to its end, which must be a good one; resolves to what it printed. */
async function run(project: string, ...line: readonly string[]): Promise<string> {
  const child = start(project, line);
  if (!child.stdout || !child.stderr) throw new Error('It has no output.');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${line.join(' ')} ended with ${code}:\n${out}${err}`);
  return out.trim();
}

async function install(project: string, ...packages: readonly string[]): Promise<void> {
  await mkdir(join(folder, project));
  await writeFile(join(folder, project, 'package.json'), '{ "type": "module" }');
  await run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages);
}
const tarball = (name: string): string => {
  const found = tarballs.find((file) => new RegExp(`^${name}-\\d`).test(file));
  if (!found) throw new Error(`There is no package ${name} among ${tarballs.join(', ')}.`);
  return join(folder, 'packages', found);
};
/** As `npx postern` does it, which takes a second more each time. */
const postern = (...args: readonly string[]) => run('postern', join('node_modules', '.bin', 'postern'), ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-packages-'));
  posternUrl = `http://127.0.0.1:${await freePort()}`;
  await Promise.all([
    run('.', process.execPath, join(ROOT, 'dist', 'tools', 'pack.js'), join(folder, 'packages')),
    install('node', `node@${NODE}`),
  ]);
  tarballs = await readdir(join(folder, 'packages'));
  const client = tarball('postern-relay-client');
  await Promise.all([
    // As npm 12 does it, which runs no install script that nobody has approved.
    install('postern', '--ignore-scripts', tarball('postern')),
    install('relay', client),
    install('haraka', '--ignore-scripts', `Haraka@${HARAKA}`, client, tarball('haraka-plugin-postern')),
  ]);
  start('postern', ['npx', 'postern', 'start']);
  await until(async () => (await fetch(`${posternUrl}/health/ready`).catch(() => null))?.status === 200);
  await postern('tenants', 'create', 'acme', '--name', 'Acme Ltd');
  await postern('keys', 'issue', 'admin', '--tenant', 'acme', '--name', 'platform', '--save', 'acme.key');
  await postern('keys', 'issue', 'relay', '--name', 'mx1', '--save', 'mx1.key');
  await postern('users', 'add', 'app@acme.example', '--key-file', 'acme.key');
  await postern('restrict', 'app@acme.example', '127.0.0.1', '--key-file', 'acme.key');
});
afterAll(async () => {
  for (const { pid, exitCode, signalCode } of running) {
    if (pid && exitCode === null && signalCode === null) process.kill(-pid, 'SIGTERM');
  }
  await Promise.all(running.map((child) => child.stdout?.closed || once(child, 'close')));
  await rm(folder, { recursive: true, force: true });
});

describe('the packages, installed in empty folders, on the oldest Node that they promise', () => {
  it('have what they need, and nothing of tests, benches, tools of development or this machine', async () => {
    // The dashboard has 2.6 MB of Postern's: each of its files three times, two of them compressed.
    const MOST_BYTES = { postern: 9_000_000, 'postern-relay-client': 200_000, 'haraka-plugin-postern': 50_000 };
    for (const [name, most] of Object.entries(MOST_BYTES)) {
      const unpacked = join(folder, 'unpacked', name);
      await mkdir(unpacked, { recursive: true });
      await run('.', 'tar', '-xzf', tarball(name), '-C', unpacked);
      const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
      const contents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      const ofDevelopment = /\.test\.|\/(testing|test-support|bench|examples|node_modules)\//;
      const odd = files.filter(
        (file, i) =>
          ofDevelopment.test(file.slice(unpacked.length)) ||
          [ROOT, homedir()].some((path) => contents[i]?.includes(`${path}/`)),
      );
      expect([name, odd]).toEqual([name, []]);
      expect(contents.join('').length).toBeLessThan(most);
      const manifest = JSON.parse(await readFile(join(unpacked, 'package', 'package.json'), 'utf8')) as object;
      expect(manifest).toMatchObject({
        name,
        license: 'Apache-2.0',
        engines: { node: `>=${NODE.replace(/\.0$/, '')}` },
      });
      for (const key of ['devDependencies', 'scripts', 'private']) expect(manifest).not.toHaveProperty(key);
      for (const page of ['README.md', 'LICENSE']) expect(files).toContain(join(unpacked, 'package', page));
    }
  });

  it('Postern runs, with its command line', async () => {
    expect(await run('postern', 'node', '--version')).toBe(`v${NODE}`);
    expect(JSON.parse(await postern('tenants', 'list', '--json'))).toMatchObject({ items: [{ id: 'acme' }] });
    // Of the database tool, on the embedded PostgreSQL.
    expect(JSON.parse(await postern('verify', 'directory', '--json'))).toMatchObject({ equal: true });
  });

  it('the relay agent runs', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const settings = [
      `POSTERN_AGENT_UPSTREAMS=${posternUrl}`,
      'POSTERN_RELAY_KEY_FILE=mx1.key',
      `POSTERN_AGENT_HTTP=${new URL(url).host}`,
    ];
    start('postern', ['env', ...settings, 'npx', 'postern-agent']);
    await until(async () => (await fetch(`${url}/health/ready`).catch(() => null))?.status === 200);
    const answer = await fetch(`${url}/decisions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'app@acme.example', ip: '198.51.100.7' }),
    });
    expect(await answer.json()).toMatchObject({ decision: 'deny', reason: 'ip-not-authorized' });
  });

  it('the relay client decides in plain JavaScript, as its README shows, and its types compile', async () => {
    const readme = await readFile(join(folder, 'relay', 'node_modules', 'postern-relay-client', 'README.md'), 'utf8');
    const [, example = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
    const key = (await readFile(join(folder, 'postern', 'mx1.key'), 'utf8')).trim();
    for (const name of ['example.js', 'example.ts']) await writeFile(join(folder, 'relay', name), example);
    expect(
      await run('relay', 'env', `POSTERN_URL=${posternUrl}`, `POSTERN_RELAY_KEY=${key}`, 'node', 'example.js'),
    ).toBe('535 5.7.1 IP not authorized');
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')];
    await run(
      'relay',
      'node',
      tsc,
      '--noEmit',
      '--strict',
      '--target',
      'es2024',
      '--module',
      'nodenext',
      ...types,
      'example.ts',
    );
  });

  it('Haraka loads the plugin by its name, which decides by the policies of Postern', async () => {
    const port = await freePort();
    const config = join(folder, 'haraka', 'config');
    await run('haraka', 'npx', 'haraka', '-i', '.');
    const files = {
      'smtp.ini': `listen=127.0.0.1:${port}\n`,
      plugins: 'postern\n',
      'auth_flat_file.ini': '[core]\nmethods=PLAIN\n[users]\napp@acme.example=a password\n',
      'postern.ini': `auth=auth/flat_file\nupstreams=${posternUrl}\nrelay_name=mx1\n`,
      'postern.key': await readFile(join(folder, 'postern', 'mx1.key'), 'utf8'),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(config, name), content);
    start('haraka', ['npx', 'haraka', '-c', join(folder, 'haraka')]);
    const login = (localAddress: string) =>
      createTransport({ host: '127.0.0.1', port, localAddress, auth: { user: 'app@acme.example', pass: 'a password' } })
        .verify()
        .catch((error: { response?: string }) => error.response);
    // Haraka listens before its plugins are ready: until there are policies, it is 454.
    await until(async () => (await login('127.0.0.1')) === true);
    expect(await login('127.0.0.2')).toBe('535 5.7.1 IP not authorized');
  });
});
