import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceUrl } from '@postern/database';
import { makeSecrets } from './make-secrets.js';

const FOLDERS = ['audit-trail-service', 'command-service', 'owner', 'projection-service'];
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-secrets-'));
  for (const folder of FOLDERS) mkdirSync(join(root, folder));
});
afterEach(() => rmSync(root, { recursive: true }));

const make = () => makeSecrets(root, 'postern', 'postgres:5432/postern');
const files = () => FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
const text = (file: string) => readFileSync(join(root, file), 'utf8');

it('the first start makes a long random password, and gives each service only the URL of its own login', async () => {
  await make();
  expect(files()).toEqual([
    'audit-trail-service/database-url',
    'command-service/database-url',
    'owner/database-url',
    'owner/password',
    'projection-service/database-url',
  ]);
  for (const file of files()) expect([file, statSync(join(root, file)).mode & 0o777]).toEqual([file, 0o600]);
  const password = text('owner/password').trim();
  expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const ownerUrl = `postgresql://postern:${password}@postgres:5432/postern`;
  expect(text('owner/database-url')).toBe(`${ownerUrl}\n`);
  for (const service of ['command-service', 'projection-service', 'audit-trail-service'] as const) {
    const url = text(`${service}/database-url`);
    expect(url).toBe(`${serviceUrl(ownerUrl, `postern_${service.replaceAll('-', '_')}` as never)}\n`);
    expect(url).not.toContain(password);
  }
});

it('a later start keeps the password, writes again what is missing, and leaves no other file', async () => {
  await make();
  const before = files().map((file) => [file, text(file)]);
  rmSync(join(root, 'command-service', 'database-url'));
  await make();
  expect(files().map((file) => [file, text(file)])).toEqual(before);
});

it('two installations have different passwords, and two starts at once agree on one', async () => {
  await Promise.all([make(), make(), make()]);
  const password = text('owner/password').trim();
  expect(text('owner/database-url')).toContain(`:${password}@`);
  rmSync(join(root, 'owner', 'password'));
  await make();
  expect(text('owner/password').trim()).not.toBe(password);
});
