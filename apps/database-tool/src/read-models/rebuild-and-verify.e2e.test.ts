import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { findEmbeddedPostgres } from '@postern/embedded-postgres';
import type { Comparison } from '@postern/read-models';
import { RelayClient } from '@postern/relay-client';
import { startPosternProcess, type Ask, type PosternProcess, until, createAcme } from '@postern/testing';
import pg from 'pg';

const ROOT = join(import.meta.dirname, '../../../..');
const MODELS = ['relay-policies', 'directory', 'changes', 'denials'];

let folder: string;
let postern: PosternProcess;
let admin: Ask;
let relay: Ask;
let relayKey: string;
let owner: pg.Client;
let users: string[];

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a process of its own; it is killed as soon as it has printed `killWhen`. */
async function command(
  args: readonly string[],
  killWhen?: string,
  environment: Record<string, string> = {},
): Promise<Run> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/apps/database-tool/src/main.js'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '', POSTERN_DATA_DIR: folder, POSTERN_LOG_LEVEL: 'fatal', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (killWhen !== undefined && stderr.includes(killWhen)) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function verified(...names: string[]): Promise<{ code: number | null; equal: boolean; models: Comparison[] }> {
  const { code, stdout, stderr } = await command(['verify', ...names, '--json']);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as { equal: boolean; models: Comparison[] }) };
}

/** Puts an event into the journal as an earlier release wrote it, at an earlier time. */
async function insertEvent(
  streamId: string,
  version: number,
  type: string,
  data: unknown,
  at: string,
  eventId = newId(),
) {
  const metadata = {
    actor: { role: 'admin', keyId: newId(), name: 'ci' },
    correlationId: 'old-request',
    causationId: null,
  };
  await owner.query(
    `INSERT INTO journal.events (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
     VALUES ('acme', $1, $2, $3, $4, 1, $5, $6, $7)`,
    [streamId, version, eventId, type, data, metadata, at],
  );
}

async function insertDenial(user: string, version: number, month: string): Promise<string> {
  const denialId = newId();
  const occurredAt = `${month}-10T08:00:00.000Z`;
  const denial = { denialId, smtpUserId: user, username: 'app@acme.example', ip: '198.51.100.7', occurredAt };
  const reported = { relay: 'mx1', reason: 'ip-not-authorized', mode: 'enforce', refused: true, count: 1 };
  await insertEvent(`auth-denials/${user}`, version, 'AuthDenied', { ...denial, ...reported }, occurredAt, denialId);
  return denialId;
}

/** `2026-11`, so many months ago. */
function monthAgo(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months)).toISOString().slice(0, 7);
}

async function connectOwner(): Promise<void> {
  const running = await findEmbeddedPostgres(join(folder, 'postgres'));
  if (!running) throw new Error('There is no embedded PostgreSQL in use.');
  owner = new pg.Client({ connectionString: running.url('postern') });
  owner.on('error', () => undefined);
  await owner.connect();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-rebuild-'));
  postern = await startPosternProcess({ POSTERN_DATA_DIR: folder });
  ({ admin, relay, relayKey } = await createAcme(postern.url, postern.operatorKey));
  users = [];
  for (let i = 0; i < 20; i++) {
    const { body } = await admin('POST', '/v1/tenants/acme/smtp-users', { username: `user${i}@acme.example` });
    users.push(body.id);
    await admin('POST', `/v1/tenants/acme/smtp-users/${body.id}/restriction/entries`, {
      entries: [{ range: '203.0.113.1' }],
    });
    await relay('POST', '/v1/relay/decisions', { username: `user${i}@acme.example`, ip: '198.51.100.7' });
  }
  await connectOwner();
  // The last of them is older than the retention of 90 days.
  for (const [i, months] of [0, 1, 2, 4].entries()) await insertDenial(users[i] ?? '', 2, monthAgo(months));
  await until(async () => {
    const { rows } = await owner.query<{ n: number }>('SELECT count(*)::integer AS n FROM audit.denials');
    return rows[0]?.n === 23;
  }, 'the denials');
});
afterAll(async () => {
  await owner?.end().catch(() => undefined);
  await postern?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

describe('postern verify and postern rebuild', () => {
  it('find everything equal that the live consumers made', async () => {
    const { code, equal, models } = await verified();
    expect([code, equal]).toEqual([0, true]);
    expect(models.map(({ model, events, differences }) => [model, events, differences])).toEqual([
      ['relay-policies', 40, []],
      ['directory', 40, []],
      ['changes', 44, []],
      ['denials', 24, []],
    ]);
    const denials = models.at(-1)?.compared.filter(({ table }) => table === 'denials') ?? [];
    expect(denials.map(({ group, live }) => [group, live])).toEqual(
      [monthAgo(2), monthAgo(1), monthAgo(0)].map((month, i) => [month, i === 2 ? 21 : 1]),
    );
  });

  it('name what differs with exit code 1, repair it while Postern runs, and send relays no reset', async () => {
    const client = new RelayClient({ urls: [postern.url], key: relayKey, relayName: 'mx1' });
    await client.start();
    const [first = '', second = '', third = ''] = users;
    await owner.query(`UPDATE projection.relay_policies SET mode = 'report-only' WHERE smtp_user_id = $1`, [first]);
    await owner.query(`UPDATE projection.smtp_users SET username = 'wrong' WHERE id = $1`, [second]);
    await owner.query(`DELETE FROM audit.changes WHERE smtp_user_id = $1 AND version = 2`, [third]);
    const lost = await owner.query<{ id: string }>('DELETE FROM audit.denials WHERE smtp_user_id = $1 RETURNING id', [
      first,
    ]);
    await owner.query('UPDATE audit.denied_ips SET count = 7 WHERE smtp_user_id = $1', [second]);

    const { code, models } = await verified();
    expect(code).toBe(1);
    const reported = models.flatMap(({ differences }) =>
      differences.map(({ table, kind, key }) => `${table} ${kind} ${key}`),
    );
    expect(reported.filter((line) => !line.startsWith('changes')).sort()).toEqual(
      [
        `relay_policies different ${first} user0@acme.example`,
        `smtp_users different ${second}`,
        ...lost.rows.map(({ id }) => `denials missing ${id}`),
        `denied_ips different ${second} 198.51.100.7`,
      ].sort(),
    );
    expect(reported.filter((line) => line.startsWith('changes missing')).length).toBe(1);

    const partitions = `SELECT relnamespace::regnamespace::text AS schema, c.relname, c.relowner::regrole::text, c.relrowsecurity,
        c.relforcerowsecurity, c.relacl::text, pg_get_expr(c.relpartbound, c.oid) AS bound
      FROM pg_class c WHERE relnamespace IN ('audit'::regnamespace, 'projection'::regnamespace) AND relkind IN ('r', 'p') ORDER BY 1, 2`;
    const indexes = `SELECT tablename, indexdef FROM pg_indexes WHERE schemaname IN ('audit', 'projection') AND tablename !~ '^denials_' ORDER BY 1, 2`;
    const policies = `SELECT schemaname, tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2, 3`;
    const structure = async () =>
      [await owner.query(partitions), await owner.query(indexes), await owner.query(policies)].map(({ rows }) => rows);
    const before = await structure();
    for (const model of MODELS) {
      const { code: rebuilt, stderr } = await command(['rebuild', model]);
      expect([model, rebuilt, stderr]).toEqual([model, 0, expect.stringContaining('the new tables are live')]);
    }
    expect(await structure()).toEqual(before);
    expect(await verified()).toMatchObject({ code: 0, equal: true });

    // The consumers go on behind it, under their own roles.
    await relay('POST', '/v1/relay/decisions', { username: 'user0@acme.example', ip: '198.51.100.8' });
    await admin('PUT', `/v1/tenants/acme/smtp-users/${first}/restriction/mode`, { mode: 'report-only' });
    await until(
      async () =>
        client.peek('user0@acme.example', '198.51.100.9').reason === 'ip-not-authorized' &&
        client.peek('user0@acme.example', '198.51.100.9').decision === 'allow',
      'the new mode at the relay',
    );
    await until(async () => {
      const { body } = await admin('GET', `/v1/tenants/acme/smtp-users/${first}/denied-ips`);
      return body.items.some(({ ip }: { ip: string }) => ip === '198.51.100.8');
    }, 'the new denial');
    expect(client.status()).toMatchObject({ connected: true });
    const metrics = String((await relay('GET', '/metrics')).body);
    expect(metrics).toContain('postern_relay_stream_clients 1');
    expect(metrics).not.toMatch(/postern_relay_streams_ended_total\{reason="(reset|failed)"\} [1-9]/);
    await client.stop();
    await until(async () => (await verified()).equal, 'all equal again');
    // Some ten processes, one after the other.
  });

  it('read an event of an old schema version, appended years ago, to the same end by every path', async () => {
    const { body: user } = await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'old@acme.example' });
    const sample = JSON.parse(
      await readFile(join(ROOT, 'libs/contracts/samples/RestrictionAdded.v1.json'), 'utf8'),
    ) as { data: unknown };
    await insertEvent(`smtp-user/${user.id}`, 2, 'RestrictionAdded', sample.data, new Date().toISOString());
    const url = `/v1/tenants/acme/smtp-users/${user.id}`;
    const entry = { range: '2001:db8::/64', typed: '2001:db8::/64', note: null };
    const policy = async () => {
      const lines = String((await relay('GET', '/v1/relay/policies')).body).split('\n');
      return JSON.parse(lines.find((line) => line.includes('old@acme.example')) ?? 'null') as {
        version: number;
      } | null;
    };
    const everywhere = async () => {
      await until(async () => (await admin('GET', `${url}/restriction`)).body.version === 2, 'the restriction');
      await until(async () => (await admin('GET', `${url}/history`)).body.items?.length === 2, 'the history');
      await until(async () => (await policy())?.version === 2, 'the relay policy');
      return {
        restriction: (await admin('GET', `${url}/restriction`)).body,
        check: (await admin('GET', `${url}/restriction/check?ip=2001:db8::7`)).body,
        history: (await admin('GET', `${url}/history`)).body.items[0],
        policy: await policy(),
      };
    };
    const reported = {
      restriction: { restricted: true, version: 2, entries: [entry] },
      check: { decision: 'allow', reason: 'entry-matched', matched: entry },
      history: { type: 'RestrictionAdded', version: 2, data: { entries: [entry] } },
      policy: { restricted: true, entries: [{ range: '2001:db8::/64', expiresAt: null }] },
    };
    expect(await everywhere()).toMatchObject(reported);
    for (const model of MODELS) expect((await command(['rebuild', model])).code).toBe(0);
    expect(await everywhere()).toMatchObject(reported);
    expect(await verified()).toMatchObject({ code: 0, equal: true });
  });

  it('find a month that was lost, and bring it back; what is older than the retention is only in the totals', async () => {
    const oldest = monthAgo(2);
    await owner.query(`DROP TABLE audit.denials_${oldest.replace('-', '_')}`);
    expect(await verified('denials')).toMatchObject({ code: 1 });
    expect((await command(['rebuild', 'denials'])).code).toBe(0);
    expect(await verified('denials')).toMatchObject({ code: 0 });
    const months = async () =>
      (
        await owner.query<{ m: string }>(`SELECT DISTINCT to_char(occurred_at, 'YYYY-MM') AS m FROM audit.denials`)
      ).rows.map(({ m }) => m);
    expect(await months()).toContain(oldest);
    expect(await months()).not.toContain(monthAgo(4));
    expect((await owner.query('SELECT sum(count)::integer AS logins FROM audit.denied_ips')).rows).toEqual([
      { logins: 25 },
    ]);
  });

  it('killed half-way, changes nothing and can be run again, from the beginning or where it was', async () => {
    for (const again of [
      ['rebuild', 'denials'],
      ['rebuild', 'denials', '--resume'],
    ]) {
      // A reader, for whom the switch waits.
      await owner.query('BEGIN; SELECT FROM audit.denials LIMIT 1');
      const killed = await command(['rebuild', 'denials'], 'replace the live ones');
      await owner.query('COMMIT');
      expect(killed.code).toBeNull();
      expect(await verified()).toMatchObject({ code: 0, equal: true });
      const { code, stderr } = await command(again);
      expect(code).toBe(0);
      expect(stderr.includes('continues at position')).toBe(again.includes('--resume'));
    }
    const { rows } = await owner.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^(audit|projection)_'`);
    expect(rows).toEqual([]);
  });

  it('say with exit code 2 that there is no database, and that it is not of this release', async () => {
    const nowhere = await command(['verify'], undefined, { POSTERN_DATA_DIR: join(folder, 'nowhere') });
    expect(nowhere).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('POSTERN_DATA_DIR') });
    await owner.query(`DELETE FROM audit.migrations WHERE name = 'Audit1764500000004'`);
    const older = await command(['verify', '--json']);
    expect(older).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('start this release of Postern once'),
    });
    await owner.query(`INSERT INTO audit.migrations (timestamp, name) VALUES (1764500000004, 'Audit1764500000004')`);
  });

  it('start the embedded database themselves where no Postern runs', async () => {
    await owner.end();
    await postern.end('SIGTERM');
    expect(await verified()).toMatchObject({ code: 0, equal: true });
    expect((await command(['rebuild', 'directory'])).code).toBe(0);
    postern = await startPosternProcess({ POSTERN_DATA_DIR: folder });
    await connectOwner();
    expect(await verified()).toMatchObject({ code: 0, equal: true });
  });
});
