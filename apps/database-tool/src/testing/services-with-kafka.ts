import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import {
  asking,
  KAFKA_CACHE,
  startPosternProcess,
  type Ask,
  type PosternProcess,
  runCommand,
  type CommandEnd,
  type Environment,
} from '@postern/testing';
import pg from 'pg';

const USERS = 24;
const LANES = 4;
const DENIALS_AT_ONCE = 1_000;

/** Two of each service, with a broker and a database of their own that stay when the services are stopped. */
export interface ServicesWithKafka {
  readonly owner: pg.Client;
  readonly brokers: string;
  start(partitions: number): Promise<void>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | string>;
  /** SIGKILL of the broker; it comes back on its port, and has nothing any more. */
  loseBroker(): Promise<void>;
  /** Of each process what `/health/ready` says, where it is not ready. */
  missing(): Promise<string[]>;
  /** Changes of restrictions and denied logins of all users, until the work is done; each is acknowledged. */
  underLoad<T>(work: () => Promise<T>): Promise<T>;
  /** Denied logins of one relay, so many in all. */
  denials(count: number): Promise<void>;
  command(args: readonly string[], environment?: Environment): Promise<CommandEnd>;
  /** What is held of what was acknowledged, once every read model is equal to the journal. */
  settled(): Promise<Held>;
  /** What was acknowledged. */
  acknowledged(): Held;
  readonly environment: Environment;
  end(): Promise<void>;
}

export interface Held {
  /** The last note of each user's restriction, in the users' order. */
  readonly notes: readonly (string | null)[];
  readonly denials: number;
}

export async function servicesWithKafka(): Promise<ServicesWithKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-procedures-'));
  // The database's server may run under another account.
  await chmod(folder, 0o711);
  const dataDir = join(folder, 'kafka');
  let broker: KafkaBroker = await startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE });
  const database = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    settings: { fsync: 'off', max_connections: '300', shared_buffers: '64MB' },
  });
  const { address: brokers } = broker;
  const databaseUrl = database.url();
  const environment = { POSTERN_DATABASE_URL: databaseUrl, POSTERN_KAFKA_BROKERS: brokers, POSTERN_LOG_LEVEL: 'fatal' };
  const owner = new pg.Client({ connectionString: databaseUrl });
  let postern: PosternProcess | undefined;
  let partitions = 0;
  let [adminKey, relayKey] = ['', ''];
  let users: string[] = [];
  const notes: (string | null)[] = Array.from({ length: USERS }, () => null);
  let [denied, next] = [0, 0];

  const ask = (key: string): Ask => asking(postern?.url ?? '', key);
  const nameOf = (user: number) => `user${user}@acme.example`;

  async function begin(): Promise<void> {
    const operator = ask(postern?.operatorKey ?? '');
    await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
    const issue = async (path: string, role: string) =>
      (await operator('POST', path, { role, name: 'ci' })).body.key as string;
    adminKey = await issue('/v1/tenants/acme/api-keys', 'admin');
    relayKey = await issue('/v1/api-keys', 'relay');
    const made = Array.from({ length: USERS }, (_, i) =>
      ask(adminKey)('POST', '/v1/tenants/acme/smtp-users', { username: nameOf(i) }),
    );
    users = (await Promise.all(made)).map(({ body }) => body.id);
    await owner.connect();
  }

  async function change(user: number): Promise<void> {
    const note = `${next++}`;
    const path = `/v1/tenants/acme/smtp-users/${users[user]}/restriction`;
    const entries = [{ range: '192.0.2.0/24', note }];
    const { status, body } = await ask(adminKey)('PUT', path, { entries, mode: 'enforce' }, { 'if-match': '*' });
    if (status !== 200) throw new Error(`A change was not taken: ${JSON.stringify(body)}`);
    notes[user] = note;
    const login = { username: nameOf(user), ip: `198.51.100.${user}` };
    const decided = await ask(relayKey)('POST', '/v1/relay/decisions', login);
    if (decided.body.decision !== 'deny') throw new Error(`Not denied: ${JSON.stringify(decided.body)}`);
    denied += 1;
  }

  const command = (args: readonly string[], more: Environment = {}) =>
    runCommand('database-tool', args, { ...environment, POSTERN_KAFKA_PARTITIONS: String(partitions), ...more });

  async function held(): Promise<Held> {
    const totals = await owner.query<{ logins: number }>(
      'SELECT coalesce(sum(count), 0)::integer AS logins FROM audit.denied_ips',
    );
    const { rows } = await owner.query<{ id: string; note: string }>(
      `SELECT id, restriction->'entries'->0->>'note' AS note FROM projection.smtp_users`,
    );
    const noteOf = new Map(rows.map(({ id, note }) => [id, note]));
    return {
      notes: users.map((id) => noteOf.get(id) ?? null),
      denials: totals.rows[0]?.logins ?? 0,
    };
  }

  return {
    owner,
    brokers,
    environment,
    start: async (count) => {
      partitions = count;
      const more = { ...environment, POSTERN_KAFKA_PARTITIONS: String(count), POSTERN_DATA_DIR: folder };
      postern = await startPosternProcess(more, 'supervisor', ['--instances', '2']);
      if (users.length === 0) await begin();
    },
    stop: async () => {
      const stopping = postern;
      postern = undefined;
      return (await stopping?.end('SIGTERM')) ?? 0;
    },
    loseBroker: async () => {
      const port = Number(brokers.split(':')[1]);
      await broker.kill();
      await rm(dataDir, { recursive: true, force: true });
      broker = await startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE, port });
    },
    missing: async () => {
      const urls = [...(postern?.output() ?? '').matchAll(/^ {2}\S+ \d +(http:\S+) +pid \d+$/gm)].map(([, url]) => url);
      const answers = await Promise.all(
        urls.map(async (url) => {
          const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(10_000) });
          return answer.ok ? null : await answer.text();
        }),
      );
      return answers.filter((each) => each !== null);
    },
    underLoad: async (work) => {
      const load = { ended: false };
      const lane = async (of: number) => {
        for (let n = 0; !load.ended; n++) await change((n * LANES + of) % USERS);
      };
      const lanes = Promise.all(Array.from({ length: LANES }, (_, of) => lane(of)));
      try {
        return await work();
      } finally {
        load.ended = true;
        await lanes;
      }
    },
    denials: async (count) => {
      const occurredAt = new Date().toISOString();
      for (let sent = 0; sent < count; sent += DENIALS_AT_ONCE) {
        const reported = Array.from({ length: DENIALS_AT_ONCE }, (_, i) => ({
          id: newId(),
          username: nameOf(i % USERS),
          ip: `198.51.100.${i % 250}`,
          reason: 'ip-not-authorized',
          mode: 'enforce',
          relay: 'mx1',
          count: 1,
          occurredAt,
        }));
        const { body } = await ask(relayKey)('POST', '/v1/relay/auth-denials', { denials: reported });
        if (body.accepted !== DENIALS_AT_ONCE)
          throw new Error(`Not all were taken: ${JSON.stringify(body).slice(0, 500)}`);
        denied += DENIALS_AT_ONCE;
      }
    },
    command,
    settled: async () => {
      for (const late = Date.now() + 60_000; ; await sleep(200)) {
        const now = await held();
        if (JSON.stringify(now) === JSON.stringify({ notes, denials: denied }) || Date.now() > late) break;
      }
      const { code, out, err } = await command(['verify', '--json']);
      if (code !== 0) throw new Error(`The read models differ: ${out}${err}`);
      return held();
    },
    acknowledged: () => ({ notes: [...notes], denials: denied }),
    end: async () => {
      await owner.end().catch(() => undefined);
      await postern?.end('SIGTERM');
      await broker.stop();
      await database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
