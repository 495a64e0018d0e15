import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, describe } from '@jest/globals';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { findEmbeddedPostgres } from '@postern/embedded-postgres';
import {
  asking,
  describeWithKafka,
  followTopic,
  KAFKA_CACHE,
  startPosternProcess,
  type Ask,
  type PosternProcess,
} from '@postern/testing';
import pg from 'pg';

const ROOT = join(import.meta.dirname, '../../../..');
const MODELS = ['relay-policies', 'directory', 'changes', 'denials'];
const USERS = 40;

let folder: string;
let broker: KafkaBroker;
let postern: PosternProcess;
let admin: Ask;
let relay: Ask;
let users: string[];
let owner: pg.Client;
/** Denied logins that were answered. */
let denied = 0;

async function command(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(ROOT, 'dist/apps/database-tool/src/main.js'), ...args, '--json'], {
    env: { ...process.env, NODE_OPTIONS: '', POSTERN_DATA_DIR: folder, POSTERN_LOG_LEVEL: 'fatal', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function differing(): Promise<unknown> {
  const { code, stdout, stderr } = await command(['verify']);
  if (stdout === '') throw new Error(stderr);
  const { models } = JSON.parse(stdout) as { models: { model: string; equal: boolean }[] };
  return { code, differ: models.filter(({ equal }) => !equal) };
}
const NOTHING_DIFFERS = { code: 0, differ: [] };

/** Changes and denials of many users, so of all partitions, until `work` is done. */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const load = { ended: false };
  const lane = async (of: number) => {
    for (let n = 0; !load.ended; n++) {
      const user = (of * 10 + (n % 10)) % USERS;
      const path = `/v1/tenants/acme/smtp-users/${users[user]}/restriction`;
      const entries = [{ range: `192.0.2.${n % 250}`, note: `${n}` }];
      expect((await admin('PUT', path, { entries, mode: 'enforce' }, { 'if-match': '*' })).status).toBe(200);
      const { body } = await relay('POST', '/v1/relay/decisions', { username: nameOf(user), ip: `198.51.100.${of}` });
      expect(body.decision).toBe('deny');
      denied += 1;
    }
  };
  const lanes = Promise.all([0, 1, 2, 3].map(lane));
  try {
    return await work();
  } finally {
    load.ended = true;
    await lanes;
  }
}

const nameOf = (user: number) => `user${user}@acme.example`;

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const late = Date.now() + 30_000; !(await holds()); await sleep(50)) {
    if (Date.now() > late) throw new Error(`${what} did not come to pass`);
  }
}

describeWithKafka(describe, 'verify and rebuild, with Kafka between the services', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-rebuild-kafka-'));
    // A broker of its own: the topics are those of one database.
    broker = await startKafkaBroker({ dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE });
    postern = await startPosternProcess(
      { POSTERN_DATA_DIR: folder, POSTERN_KAFKA_BROKERS: broker.address },
      'supervisor',
    );
    const operator = asking(postern.url, postern.operatorKey ?? '');
    await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
    const key = async (path: string, role: string) =>
      asking(postern.url, (await operator('POST', path, { role, name: 'ci' })).body.key);
    admin = await key('/v1/tenants/acme/api-keys', 'admin');
    relay = await key('/v1/api-keys', 'relay');
    const made = Array.from({ length: USERS }, (_, i) =>
      admin('POST', '/v1/tenants/acme/smtp-users', { username: nameOf(i) }),
    );
    users = (await Promise.all(made)).map(({ body }) => body.id);
    const database = await findEmbeddedPostgres(join(folder, 'postgres'));
    owner = new pg.Client({ connectionString: database?.url('postern') });
    await owner.connect();
  });
  afterAll(async () => {
    await owner?.end();
    await postern?.end('SIGTERM');
    await broker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('find all equal under load, while each partition goes on by itself', async () => {
    expect(await underLoad(differing)).toEqual(NOTHING_DIFFERS);
    const { rows } = await owner.query(
      `SELECT count(*)::integer AS partitions FROM projection.checkpoints WHERE consumer = 'relay-policies' AND source ~ '/'`,
    );
    expect(rows[0].partitions).toBeGreaterThan(1);
  });

  it('make each anew under load: nothing is lost, nothing counts twice', async () => {
    for (const model of MODELS) {
      const { code, stderr } = await underLoad(() => command(['rebuild', model]));
      expect([code, stderr]).toEqual([0, expect.stringContaining('the new tables are live')]);
    }
    const logins = async () =>
      (await owner.query('SELECT coalesce(sum(count), 0)::integer AS logins FROM audit.denied_ips')).rows[0].logins;
    await until(async () => (await logins()) >= denied, 'every denial in the totals');
    expect(await logins()).toBe(denied);
    expect(await differing()).toEqual(NOTHING_DIFFERS);
    const parked = await owner.query('SELECT count(*)::integer AS letters FROM audit.dead_letters');
    expect(parked.rows).toEqual([{ letters: 0 }]);
  });

  it('put right what was changed by hand, and the consumers go on from there', async () => {
    await owner.query(`UPDATE projection.relay_policies SET mode = 'report-only' WHERE smtp_user_id = $1`, [users[0]]);
    await owner.query(`UPDATE audit.denied_ips SET count = count + 5`);
    expect(await command(['verify', 'relay-policies', 'denials'])).toMatchObject({ code: 1 });
    for (const model of ['relay-policies', 'denials']) expect((await command(['rebuild', model])).code).toBe(0);
    expect(await underLoad(differing)).toEqual(NOTHING_DIFFERS);
  });

  it('ask for the owner’s URL where they are given a service’s own', async () => {
    const url = 'postgresql://postern_projection_service:secret@127.0.0.1:1/postern';
    for (const args of [['verify'], ['rebuild', 'directory'], ['dead-letters', 'list'], ['republish', 'smtp-users']]) {
      const { stdout, stderr } = await command(args, { POSTERN_DATABASE_URL: url });
      expect([args, stdout, stderr]).toEqual([args, '', expect.stringContaining('Set it to the owner')]);
      expect(stderr).not.toContain('secret');
    }
  });

  it('bring every policy to the policies’ topic, by the login of the projection-service', async () => {
    const topic = await followTopic(broker.address, 'postern.relay-policies.v1');
    try {
      const keys = () => new Set(topic.messages.map(({ key }) => key));
      await until(async () => keys().size >= USERS, 'every policy in the topic');
      expect([...keys()].sort()).toEqual(users.map((_, i) => nameOf(i)).sort());
    } finally {
      await topic.stop();
    }
    const { rows } = await owner.query(
      `SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'postern_policy_publisher'`,
    );
    expect(rows).toEqual([{ usename: 'postern_projection_service' }]);
  });
});
