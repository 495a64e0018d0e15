import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, startPosternProcess } from '@postern/testing';
import { migrateAll } from './database.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-start-'));
  folders.push(folder);
  return folder;
}

function serversOn(folder: string): string {
  const listing = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return listing
    .split('\n')
    .filter((line) => line.includes(folder) && line.includes('postgres'))
    .join('\n');
}

/** As the dashboard does it when the link is opened. */
async function signInBy(link: string | null): Promise<{ readonly status: number; readonly body: unknown }> {
  const [, origin, code] = /^(http:\/\/127\.0\.0\.1:\d+)\/sign-in#code=([0-9a-f]{48})$/.exec(link ?? '') ?? [];
  const answer = await fetch(`${origin}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ code }),
  });
  return { status: answer.status, body: await answer.json() };
}

describe('what `npm start` starts, as it was built', () => {
  it('prints the operator key only at the first start, keeps it readable for its owner, and leaves no PostgreSQL running', async () => {
    const folder = await emptyFolder();
    const first = await startPosternProcess({ POSTERN_DATA_DIR: folder });
    expect(first.output()).toMatch(/curl -X POST http:\/\/127\.0\.0\.1:\d+\/v1\/tenants/);
    const file = join(folder, 'operator-key');
    expect((await readFile(file, 'utf8')).trim()).toBe(first.operatorKey);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await first.end('SIGINT')).toBe(0);
    expect(serversOn(folder)).toBe('');
    expect(first.output()).toContain(`\nSign in by this link, once, within 15 minutes: ${first.signInLink}\n`);

    const second = await startPosternProcess({ POSTERN_DATA_DIR: folder });
    expect(second.operatorKey).toBeNull();
    for (const { output, url } of [first, second]) {
      expect(output()).toContain(`\nOperator key: in ${file}\n`);
      expect(output()).toContain(`\nAPI page: ${url}/docs\n`);
      expect(output()).toMatch(/^Postern \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}|unknown)\) starts …\n/);
    }
    const answer = await fetch(`${second.url}/v1/tenants`, {
      headers: { authorization: `Bearer ${first.operatorKey}` },
    });
    expect(answer.status).toBe(200);
    // A link of its own at each start.
    const keyId = first.operatorKey?.split('_')[2];
    expect(await signInBy(second.signInLink)).toMatchObject({ status: 201, body: { role: 'operator', keyId } });
    expect(await signInBy(second.signInLink)).toMatchObject({ status: 401, body: { code: 'sign-in-code-invalid' } });
    expect(second.signInLink).not.toBe(first.signInLink?.replace(first.url, second.url));
    expect(await second.end('SIGTERM')).toBe(0);
    expect(serversOn(folder)).toBe('');
  });

  it('uses POSTERN_OPERATOR_KEY without printing it, and leaves no PostgreSQL running when its terminal is closed', async () => {
    const key = 'pst_operator_first_0123456789abcdef0123456789abcdef';
    const folder = await emptyFolder();
    const postern = await startPosternProcess({ POSTERN_DATA_DIR: folder, POSTERN_OPERATOR_KEY: key });
    expect(postern.output()).not.toContain(key);
    expect(await signInBy(postern.signInLink)).toMatchObject({ status: 201, body: { keyId: 'first' } });
    const answer = await fetch(`${postern.url}/v1/tenants`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    expect(await postern.end('SIGHUP')).toBe(0);
    expect(serversOn(folder)).toBe('');
  });

  it.each([
    ['POSTERN_HTTP_PORT', 'http'],
    ['POSTERN_DATA_DIR', '/proc/postern'],
  ])('stops at a bad %s with one line that names it', async (name, value) => {
    const start = startPosternProcess({ POSTERN_DATA_DIR: await emptyFolder(), [name]: value });
    await expect(start).rejects.toThrow(new RegExp(`\n${name} [^\n]+\n$`));
  });

  it('makes no operator key that it cannot keep, since nobody would know it: the next start makes one', async () => {
    const database = await createTestDatabase('complete_postern', migrateAll);
    try {
      const where = { POSTERN_DATABASE_URL: database.url };
      await expect(startPosternProcess({ ...where, POSTERN_DATA_DIR: '/dev/null' })).rejects.toThrow(
        /\nPOSTERN_DATA_DIR must name a folder [^\n]+\n$/,
      );
      const postern = await startPosternProcess({ ...where, POSTERN_DATA_DIR: await emptyFolder() });
      expect(postern.operatorKey).toMatch(/^pst_operator_/);
      await postern.end('SIGTERM');
    } finally {
      await database.drop();
    }
  });

  it('stops with what to do when its port is taken; the next start shows the operator key, and names a setting that is misspelt', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const folder = await emptyFolder();
    const port = String((taken.address() as AddressInfo).port);
    const refused = startPosternProcess({ POSTERN_DATA_DIR: folder, POSTERN_HTTP_PORT: port });
    await expect(refused).rejects.toThrow(/is taken/);
    await expect(refused).rejects.toThrow(/POSTERN_HTTP_PORT/);
    expect(serversOn(folder)).toBe('');
    taken.close();
    const postern = await startPosternProcess({ POSTERN_DATA_DIR: folder, POSTERN_HTPP_PORT: '8026' });
    expect(postern.output()).toContain('no effect: POSTERN_HTPP_PORT.\n');
    const headers = { authorization: `Bearer ${postern.operatorKey}` };
    const answer = await fetch(`${postern.url}/v1/whoami`, { headers });
    expect(await answer.json()).toMatchObject({ role: 'operator', tenantId: null });
    // Without this mark the next start does not show it again.
    expect(await readdir(folder)).not.toContain('operator-key.unshown');
    await postern.end('SIGTERM');
  });
});
