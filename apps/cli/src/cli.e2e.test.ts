import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asking,
  startPosternProcess,
  type Ask,
  type PosternProcess,
  runCommand,
  startCommand,
  type RunningCommand,
  until,
} from '@postern/testing';

let postern: PosternProcess;
let folder: string;
/** The settings of an operator on the machine of Postern, and of the tenant's admin. */
let operator: Record<string, string>;
let admin: Record<string, string>;
let relay: Ask;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-'));
  const data = join(folder, 'data');
  postern = await startPosternProcess({ POSTERN_DATA_DIR: data });
  operator = { POSTERN_URL: postern.url, POSTERN_DATA_DIR: data };
  await runCommand('cli', ['tenants', 'create', 'acme', '--name', 'Acme Ltd'], operator);
  const adminKey = join(folder, 'acme.key');
  await runCommand('cli', ['keys', 'issue', 'admin', '--tenant', 'acme', '--name', 'ci', '--save', adminKey], operator);
  admin = { POSTERN_URL: postern.url, POSTERN_KEY_FILE: adminKey, POSTERN_TENANT: 'acme' };
  const relayKey = join(folder, 'mx1.key');
  await runCommand('cli', ['keys', 'issue', 'relay', '--name', 'mx1', '--save', relayKey], operator);
  relay = asking(postern.url, (await readFile(relayKey, 'utf8')).trim());
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) => runCommand('cli', args, admin);
const denied = (username: string, ip: string) => relay('POST', '/v1/relay/decisions', { username, ip });

async function asJson(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await cli(...args, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, unknown>;
}

function cells(out: string, count: number): string[][] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/ {2,}/).slice(0, count));
}

async function printed(running: RunningCommand, text: string): Promise<void> {
  for (let chunks = 0; chunks < 100 && !`${running.out()}${running.err()}`.includes(text); chunks += 1) {
    await Promise.race([
      new Promise((done) => running.child.stdout.once('data', done)),
      new Promise((done) => running.child.stderr.once('data', done)),
      running.end,
    ]);
  }
  expect(`${running.out()}${running.err()}`).toContain(text);
}

describe('postern, from a tenant to a denial', () => {
  it('saves a key in a file that only its owner can read, and shows it nowhere', async () => {
    const file = join(folder, 'other.key');
    const { code, out } = await runCommand(
      'cli',
      ['keys', 'issue', 'auditor', '--tenant', 'acme', '--name', 'audit', '--save', file, '--json'],
      operator,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      id: expect.any(String),
      role: 'auditor',
      name: 'audit',
      createdAt: expect.any(String),
    });
    expect(await readFile(file, 'utf8')).toMatch(/^pst_auditor_\S+\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await runCommand('cli', ['keys', 'issue', 'auditor', '--name', 'x', '--save', file], admin);
    expect(again).toEqual({ code: 2, out: '', err: expect.stringMatching(/^postern: --save: EEXIST/) });
  });

  it('what relays say to a denied client is shown, replaced, and put back', async () => {
    const url = 'https://acme.example/smtp';
    const own = { text: '{ip} is not on the list', helpUrl: url, opaque: false };
    expect(await asJson('tenants', 'reply', '--text', own.text, '--help-url', url)).toEqual(own);
    expect((await cli('tenants', 'reply')).out).toBe(
      `A denied login is answered: 535 5.7.1 {ip} is not on the list ${url}\n`,
    );
    expect((await cli('tenants', 'reply', '--opaque')).out).toBe(
      'A denied login is answered: 535 5.7.8 Authentication failed\n',
    );
    const first = { text: 'IP not authorized', helpUrl: null, opaque: false };
    expect(await asJson('tenants', 'reply', '--default')).toEqual(first);
    const wrong = await cli('tenants', 'reply', '--text', '{address}');
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining('{ip} is replaced by the address')]);
    const operators = await runCommand('cli', ['tenants', 'reply', '--opaque', '--tenant', 'acme'], operator);
    expect([operators.code, operators.err]).toEqual([3, expect.stringContaining('a key of the role admin')]);
    expect(await asJson('tenants', 'reply')).toEqual(first);
  });

  it('adds, restricts, allows, checks, disallows and clears; each command sees what the one before wrote', async () => {
    const user = 'story@acme.example';
    expect((await cli('users', 'add', user)).out).toMatch(/^Added story@acme\.example \([0-9a-f-]{36}\)\.\n$/);
    const restricted = await cli('restrict', user, '203.0.113.0/24', '2001:db8::/64', '--note', 'office');
    expect(restricted.code).toBe(0);
    expect(restricted.out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['story@acme.example is restricted, mode enforce: it may log in only from the addresses below. Version 2.'],
      [''],
      ['RANGE', 'NOTE', 'EXPIRES'],
      ['203.0.113.0/24', 'office', '-'],
      ['2001:db8::/64', 'office', '-'],
      [''],
    ]);
    expect(await cli('check', 'STORY@acme.example', '203.0.113.9')).toEqual({
      code: 0,
      out: expect.stringMatching(
        /^allow {2}story@acme\.example from 203\.0\.113\.9 at \S+: entry-matched\n {2}matched 203\.0\.113\.0\/24 "office", added by ci\n {2}mode enforce, version 2\n$/,
      ),
      err: '',
    });
    const no = await cli('check', user, '198.51.100.7', '--json');
    expect([no.code, JSON.parse(no.out)]).toMatchObject([1, { decision: 'deny', reason: 'ip-not-authorized' }]);
    expect(await cli('allow', user, '198.51.100.7', '--expires', '7d')).toMatchObject({
      code: 0,
      err: expect.stringMatching(
        /^Warning: 198\.51\.100\.7 expires at \S+Z: give it a later expiresAt if it is to stay\.\n$/,
      ),
    });
    expect((await cli('check', user, '198.51.100.7')).code).toBe(0);
    expect((await cli('disallow', user, '2001:DB8:0::/64')).code).toBe(0);
    expect((await cli('mode', user, 'report-only', '--enforce-at', '2d')).out).toMatch(
      /^story@acme\.example is restricted, mode report-only: the list refuses nothing yet, it only records logins from other addresses\. It is enforced from \S+Z\. To enforce it now: postern mode story@acme\.example enforce\. Version 5\./,
    );
    expect(await cli('mode', user, 'enforce', '--enforce-at', '2d')).toMatchObject({
      code: 3,
      err: expect.stringContaining('enforceAt is the end of report-only. Send it with the mode report-only'),
    });
    expect(await asJson('users', 'show', user)).toMatchObject({
      username: user,
      restriction: {
        mode: 'report-only',
        enforceAt: expect.any(String),
        version: 5,
        entries: [{ range: '203.0.113.0/24' }, { range: '198.51.100.7', expiresAt: expect.any(String) }],
      },
    });
    expect(await cli('clear', user, '--yes')).toMatchObject({
      code: 0,
      out: 'story@acme.example is not restricted: it may log in from any address. Version 6.\n',
    });
    const history = await until(
      () => cli('history', user, '--json'),
      'the history',
      ({ out }) => out.includes('RestrictionCleared'),
    );
    const { items } = JSON.parse(history.out) as { items: { type: string }[] };
    expect(items.map(({ type }) => type)).toEqual([
      'RestrictionCleared',
      'RestrictionModeChanged',
      'RestrictionRemoved',
      'RestrictionAdded',
      'RestrictionAdded',
      'SmtpUserRegistered',
    ]);
  });

  it('restrict without --mode keeps report-only, and says that the list refuses nothing yet', async () => {
    const user = 'kept-mode@acme.example';
    await cli('users', 'add', user);
    await cli('restrict', user, '203.0.113.7', '--mode', 'report-only');
    expect((await cli('restrict', user, '203.0.113.8')).out).toMatch(
      /^kept-mode@acme\.example is restricted, mode report-only: the list refuses nothing yet, it only records logins from other addresses\. To enforce it now: postern mode kept-mode@acme\.example enforce\. Version \d\.\n/,
    );
    expect(await asJson('restrict', user, '203.0.113.9', '--mode', 'enforce')).toMatchObject({ mode: 'enforce' });
  });

  it('shows who was denied, from where, and what could be allowed', async () => {
    const user = 'denied@acme.example';
    await cli('users', 'add', user);
    await cli('restrict', user, '203.0.113.7');
    await denied(user, '198.51.100.7');
    await denied(user, '2001:db8::9');
    const { out } = await until(
      () => cli('denials', user),
      'the denials',
      ({ out }) => out.includes('198.51.100.7') && out.includes('2001:db8::9'),
    );
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ['USER', 'IP', 'RELAY', 'REASON', 'OUTCOME', 'COUNT'],
      [user, '2001:db8::9', 'mx1', 'ip-not-authorized', 'denied', '1'],
      [user, '198.51.100.7', 'mx1', 'ip-not-authorized', 'denied', '1'],
      [],
    ]);
    expect(await asJson('denials', '--ip', '198.51.100.0/24', '--from', '1h', '--username', user)).toMatchObject({
      items: [{ ip: '198.51.100.7', username: user, relay: 'mx1' }],
      nextCursor: null,
    });
    expect(await cli('denials', user, '--refused', 'false')).toMatchObject({ code: 0, err: 'There are none.\n' });
    const ips = await until(
      () => cli('denied-ips', user),
      'the denied addresses',
      ({ out }) => out.includes('198.51.100.7') && out.includes('2001:db8::9'),
    );
    expect(ips.out).toMatch(/^198\.51\.100\.7 +1 .* denied +mx1 +ip-not-authorized +198\.51\.100\.7\b/m);
  });

  it('suggests a list from the logins, names whom a change would refuse, and stops before it does', async () => {
    const user = 'places@acme.example';
    const { id } = await asJson('users', 'add', user);
    // Logins are kept by day, so those that precede the entry are of another day.
    const before = new Date(Date.now() - 24 * 3_600_000);
    const logins = (ip: string, count: number, hour = before, entryId: string | null = null) =>
      relay('POST', '/v1/relay/logins', {
        batchId: randomUUID(),
        logins: [{ smtpUserId: id, ip, hour: hour.toISOString(), count, entryId, relay: 'mx1' }],
      });
    await logins('198.51.100.7', 60);
    await logins('2001:db8::25', 40);
    await logins('192.0.2.99', 1);
    expect(cells((await cli('sources', user)).out, 2)).toEqual([
      ['IP', 'LOGINS'],
      ['2001:db8::25', '40'],
      ['198.51.100.7', '60'],
      ['192.0.2.99', '1'],
    ]);
    expect((await cli('suggest', user)).out).toMatch(
      /^101 logins in 30 days\.\n\n.*\n198\.51\.100\.7 .* logged in 60 times\.\n2001:db8::25 .* logged in 40 times\.\n\nLeft out: 1 address with 1 login\.\n {2}192\.0\.2\.99: 1 login\n\nRelays have reported logins since \S+\.\n/,
    );

    const preview = await cli('preview', 'restrict', user, '--from-sources');
    expect(preview).toMatchObject({
      code: 1,
      err: 'Left out: 1 address with 1 login; `postern suggest` shows more.\n',
      out: expect.stringMatching(/^places@acme\.example: of 101 logins in 30 days, 1 would have been refused\.\n/),
    });
    expect(cells(preview.out, 4).slice(1, 3)).toEqual([
      ['IP', 'LOGINS', 'LAST', 'REASON'],
      ['192.0.2.99', '1', expect.any(String), 'ip-not-authorized'],
    ]);
    const stopped = await cli('restrict', user, '--from-sources', '--guard');
    expect(stopped).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(
        /\(lockout-risk, HTTP 409\)\n {2}192\.0\.2\.99: 1 login, the last \S+Z\n.* add --accept [0-9a-f]{16}\n/,
      ),
    });
    expect(await asJson('users', 'show', user)).toMatchObject({ restriction: { restricted: false, version: 1 } });
    const [, digest = ''] = /--accept ([0-9a-f]{16})\n/.exec(stopped.err) ?? [];
    const otherDigest = '0123456789abcdef';
    expect(await cli('restrict', user, '--from-sources', '--accept', otherDigest)).toMatchObject({ code: 3, out: '' });
    const accepted = await cli('restrict', user, '--from-sources', '--accept', digest, '--json');
    expect(accepted.code).toBe(0);
    const { entries } = JSON.parse(accepted.out) as { entries: { id: string; range: string }[] };
    expect(entries.map(({ range }) => range)).toEqual(['198.51.100.7', '2001:db8::25']);
    expect((await cli('sources', user, '--decision', 'deny')).out).toMatch(
      /^192\.0\.2\.99 .* deny +ip-not-authorized +mx1$/m,
    );
    expect((await cli('preview', 'allow', user, '192.0.2.99')).code).toBe(0);

    await logins('198.51.100.7', 5, new Date(), entries[0]?.id);
    const used = await cli('entries', user);
    expect(cells(used.out, 6).map(([, range, , , last, often]) => [range, last, often])).toEqual([
      ['RANGE', 'LAST LOGIN', 'IN 30 DAYS'],
      ['2001:db8::25', '-', '0'],
      ['198.51.100.7', expect.stringMatching(/^\S+:00:00Z$/), '5'],
    ]);
    expect(await cli('entries', user, '--unused-for', '1')).toMatchObject({
      code: 0,
      err: expect.stringMatching(
        /^There are none\.\nRelays have reported logins since \S+\.\n(.*\n)?Nothing is listed until relays have reported for 1 day\.\n$/,
      ),
    });
    expect(await cli('entries', user, '--unused-for', '1', '--csv')).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('so it is not known which entries were unused for 1 days.'),
    });
    expect(await asJson('entries', user, '--unused-for', '1')).toEqual({
      items: [],
      nextCursor: null,
      since: expect.any(String),
      silentRelays: expect.any(Array),
    });
  });

  it('tail shows earlier denials and new ones, each once, and ends with 0 at Ctrl-C', async () => {
    const user = 'tail@acme.example';
    await cli('users', 'add', user);
    await cli('restrict', user, '203.0.113.7');
    await denied(user, '192.0.2.1');
    await until(
      () => cli('denials', user),
      'the denials',
      ({ out }) => out.includes('192.0.2.1'),
    );
    const tail = startCommand('cli', ['tail', user, '--last', '10'], admin);
    await printed(tail, 'Waiting for denials');
    await denied(user, '192.0.2.2');
    await printed(tail, '192.0.2.2');
    await denied(user, '192.0.2.3');
    await printed(tail, '192.0.2.3');
    tail.child.kill('SIGINT');
    const { code, out } = await tail.end;
    expect(code).toBe(0);
    expect(out.replaceAll(/^\S+/gm, 'TIME')).toBe(
      ['192.0.2.1', '192.0.2.2', '192.0.2.3']
        .map((ip) => `TIME  denied  ${user}  ${ip}  mx1  ip-not-authorized\n`)
        .join(''),
    );
  });

  it('removes a user, and still looks back on it by the name it had', async () => {
    const user = 'gone@acme.example';
    const { id } = await asJson('users', 'add', user);
    expect(await cli('users', 'remove', user, '--yes')).toEqual({ code: 0, out: '', err: `Removed ${user}.\n` });
    expect((await cli('users', 'show', user)).code).toBe(3);
    const history = await until(
      () => cli('history', user),
      'the history',
      ({ out }) => out.includes('user removed'),
    );
    expect(history.err).toBe(`${user} was removed; it was the SMTP user ${String(id)}.\n`);
    expect(history.out).toMatch(/ user removed: gone@acme\.example +ci \(admin\) /);
  });

  it('lists page by page, and says how to continue', async () => {
    await runCommand('cli', ['tenants', 'create', 'paged'], operator);
    const paged = (...args: string[]) => runCommand('cli', ['--tenant', 'paged', ...args, '--json'], operator);
    const names = ['one', 'two', 'three'];
    for (const name of names) await paged('keys', 'issue', 'auditor', '--name', name);
    const first = JSON.parse((await paged('keys', 'list', '--limit', '2')).out) as KeyPage;
    const rest = JSON.parse((await paged('keys', 'list', '--cursor', String(first.nextCursor))).out) as KeyPage;
    expect([...first.items, ...rest.items].map(({ name }) => name)).toEqual(names.toReversed());
    expect(rest.nextCursor).toBeNull();
  });
});

interface KeyPage {
  readonly items: readonly { readonly name: string }[];
  readonly nextCursor: string | null;
}

describe('postern, where something is not right', () => {
  it('ends with 3 and reports each refused range with a suggestion', async () => {
    await cli('users', 'add', 'bad@acme.example');
    const { code, out, err } = await cli('restrict', 'bad@acme.example', '203.0.113.7', '198.51.100.7/24');
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^postern: The request is not valid \(validation-failed, HTTP 422\)\n/);
    expect(err).toMatch(/^ {2}\/entries\/1\/range: 198\.51\.100\.7\/24 .*198\.51\.100\.0\/24.*198\.51\.100\.7/m);
    expect(err).toMatch(/^ {2}Request: \S+$/m);
  });

  it('ends with 3 and the problem as JSON where a script asks', async () => {
    const { code, out, err } = await runCommand('cli', ['tenants', 'create', 'acme', '--json'], operator);
    expect([code, out, JSON.parse(err)]).toMatchObject([3, '', { status: 409, code: 'tenant-exists' }]);
  });

  it.each([
    ['a key that opens nothing', { POSTERN_KEY: 'pst_admin_x_0123456789abcdef0123' }, 3, 'api-key-invalid'],
    ['a tenant that is not there', { POSTERN_TENANT: 'nobody' }, 3, 'tenant-not-found'],
    ['what is no key', { POSTERN_KEY: 'let me in' }, 2, 'There is no API key in POSTERN_KEY'],
    ['a key file that is not there', { POSTERN_KEY_FILE: '/nowhere/key' }, 2, 'POSTERN_KEY_FILE: ENOENT'],
    ['no address of Postern', { POSTERN_URL: 'postern' }, 2, '"postern" is not an http:// or https:// address'],
  ])('reports %s', async (_, environment, code, complaint) => {
    const end = await runCommand('cli', ['users', 'list'], { ...admin, ...environment });
    expect(end).toEqual({ code, out: '', err: expect.stringContaining(complaint) });
    expect(end.err).not.toMatch(/let me in|0123456789|^ +at /m);
  });

  it('asks for the tenant where the key belongs to none', async () => {
    const end = await runCommand('cli', ['users', 'list'], operator);
    expect(end).toEqual({ code: 2, out: '', err: expect.stringMatching(/^postern: Which tenant\? .* role operator /) });
  });

  it('reports that nobody answers, after retries', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const POSTERN_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    const err = `postern: Postern cannot be reached at ${POSTERN_URL} (ECONNREFUSED). Does it run, and is POSTERN_URL or --url right?\n`;
    expect(await runCommand('cli', ['users', 'list'], { ...admin, POSTERN_URL })).toEqual({ code: 4, out: '', err });
    expect(await runCommand('cli', ['health'], { POSTERN_URL })).toEqual({ code: 4, out: '', err });
  });

  it('reports that Postern is not ready, and what is missing, with 1', async () => {
    const problem = { code: 'not-ready', detail: 'Missing: kafka (no answer).' };
    const server = createServer((socket) => {
      const body = JSON.stringify(problem);
      socket.end(`HTTP/1.1 503 not-ready\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const POSTERN_HTTP_PORT = String((server.address() as AddressInfo).port);
    expect(await runCommand('cli', ['health'], { POSTERN_HTTP_HOST: '0.0.0.0', POSTERN_HTTP_PORT })).toEqual({
      code: 1,
      out: 'not ready  Missing: kafka (no answer).\n',
      err: '',
    });
    server.close();
  });

  it.each([
    [['fly'], "unknown command 'fly'"],
    [['users'], 'Usage: postern users'],
    [['check', 'app@acme.example'], "missing required argument 'ip'"],
    [['allow', 'app@acme.example', '203.0.113.7', '--expires', 'soon'], 'such as 2030-01-31T12:00:00Z'],
    [['allow', 'app@acme.example'], 'Name at least one address or range'],
    [['mode', 'app@acme.example', 'off'], 'Allowed choices are enforce, report-only'],
    [['denials', '--limit', '0'], 'Give a whole number from 1 to 10000.'],
    [['denials', '--csv', '--ndjson'], 'cannot be used with'],
    [['denials', '--csv', '--limit', '10'], 'cannot be used with'],
    [['denials', '--csv', '--json'], 'Use only one of --json, --csv and --ndjson.'],
    [['--tenant', '..', 'users', 'list'], '".." is not a name or an id'],
    [['disallow', 'bad@acme.example', '203.0.113.7/24'], '203.0.113.0/24'],
  ])('ends with 2 for `postern %j`', async (args, complaint) => {
    expect(await runCommand('cli', args, admin)).toEqual({ code: 2, out: '', err: expect.stringContaining(complaint) });
  });

  it('does nothing irreversible without --yes, where it cannot ask', async () => {
    await cli('users', 'add', 'kept@acme.example');
    await cli('restrict', 'kept@acme.example', '203.0.113.7');
    for (const command of [
      ['clear', 'kept@acme.example'],
      ['users', 'remove', 'kept@acme.example'],
      ['keys', 'revoke', '01a20ae6-f24f-7793-ac66-e5da32839d9c'],
    ]) {
      expect(await cli(...command)).toEqual({ code: 2, out: '', err: expect.stringContaining('Use --yes') });
    }
    expect(await asJson('users', 'show', 'kept@acme.example')).toMatchObject({ restriction: { restricted: true } });
  });

  it('does not change what somebody changed in between', async () => {
    await cli('users', 'add', 'version@acme.example');
    await cli('restrict', 'version@acme.example', '203.0.113.7');
    const { code, err } = await cli('allow', 'version@acme.example', '203.0.113.8', '--if-version', '1');
    expect([code, err]).toEqual([3, expect.stringContaining('version-mismatch, HTTP 412')]);
  });

  it('carries out once what a script sends twice under its own key', async () => {
    await cli('users', 'add', 'twice@acme.example');
    const twice = ['allow', 'twice@acme.example', '203.0.113.7', '--idempotency-key', 'deploy-1', '--json'];
    const [first, second] = [await cli(...twice), await cli(...twice)];
    expect(second).toEqual(first);
    expect(JSON.parse(first.out)).toMatchObject({ version: 2, entries: [{ range: '203.0.113.7' }] });
  });
});

describe('postern, as a tool among others', () => {
  it('reads the key and the ranges from standard input, so that neither is in the list of processes', async () => {
    const key = await readFile(join(folder, 'acme.key'), 'utf8');
    const { POSTERN_KEY_FILE, ...keyless } = admin;
    expect(POSTERN_KEY_FILE).toBe(join(folder, 'acme.key'));
    expect((await runCommand('cli', ['users', 'list', '--key-file', '-'], keyless, key)).code).toBe(0);
    await cli('users', 'add', 'piped@acme.example');
    const list = '203.0.113.0/24 # office\n# nothing\n2001:db8::/64\n';
    const { out } = await runCommand('cli', ['restrict', 'piped@acme.example', '--from', '-', '--json'], admin, list);
    expect(JSON.parse(out)).toMatchObject({
      entries: [
        { range: '203.0.113.0/24', note: 'office' },
        { range: '2001:db8::/64', note: null },
      ],
    });
    const file = join(folder, 'ranges.txt');
    await writeFile(file, '203.0.113.9\n');
    expect((await cli('restrict', 'piped@acme.example', '--from', file)).code).toBe(0);
  });

  it('knows the tenant of its key, and where a Postern with the same settings is', async () => {
    const { POSTERN_TENANT, POSTERN_URL, ...rest } = admin as Record<string, string>;
    expect(POSTERN_TENANT).toBe('acme');
    const settings = { ...rest, POSTERN_HTTP_PORT: new URL(POSTERN_URL ?? '').port };
    expect((await runCommand('cli', ['users', 'list'], settings)).code).toBe(0);
    expect(await runCommand('cli', ['whoami'], settings)).toEqual({
      code: 0,
      out: expect.stringMatching(/^admin of acme: ci \([0-9a-f-]{36}\)\n$/),
      err: '',
    });
  });

  it('makes a link that signs a browser in with its key, once', async () => {
    const { POSTERN_URL } = admin as { POSTERN_URL: string };
    const { code, out, err } = await cli('sign-in-link');
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^The first person who opens it, until .+, has the rights of your key\.\n$/),
    ]);
    const [, secret] = /^(?:http:.*)\/sign-in#code=([0-9a-f]{48})\n$/.exec(out) ?? [];
    expect(out).toBe(`${POSTERN_URL}/sign-in#code=${secret}\n`);
    const signIn = () =>
      fetch(`${POSTERN_URL}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: secret }),
      });
    expect(await (await signIn()).json()).toMatchObject({ role: 'admin', tenantId: 'acme', name: 'ci' });
    expect((await signIn()).status).toBe(401);
    expect(JSON.parse((await cli('sign-in-link', '--json')).out)).toEqual({
      url: expect.stringContaining(`${POSTERN_URL}/sign-in#code=`),
      expiresAt: expect.any(String),
    });
  });

  it('has health, the own address, help and version without a key', async () => {
    const { POSTERN_URL } = admin as { POSTERN_URL: string };
    const open = (...args: string[]) => runCommand('cli', args, { POSTERN_URL });
    expect(await open('health')).toEqual({ code: 0, out: 'ready\n', err: '' });
    expect(await open('my-ip')).toEqual({ code: 0, out: '127.0.0.1\n', err: '' });
    expect(await open('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
    expect(await open('users', 'add', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('postern users add app@acme.example'),
    });
  });

  it('colours nothing if it is not a terminal', async () => {
    // oxlint-disable-next-line no-control-regex -- it is what is looked for
    expect((await cli('health')).out).not.toMatch(/\u001b/);
  });
});
