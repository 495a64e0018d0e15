import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { RelayClient } from '@postern/relay-client';
import { asking, KAFKA_CACHE, startPosternProcess, type Ask, type PosternProcess, until } from '@postern/testing';
import { instancesOf, missingOf, type Instance, type ServiceName } from './services.js';

/** A user that the load writes to. */
export interface LoadedUser {
  readonly id: string;
  readonly username: string;
  /** Its place among the users: the second part of the addresses that it is given. */
  readonly number: number;
}

/** Two of each service with a database and a broker of their own, which may be killed, and a relay that follows. */
export interface FaultWorld {
  readonly url: string;
  /** The owner's, by a Unix socket. */
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly admin: Ask;
  readonly adminKey: string;
  readonly relayKey: string;
  readonly relay: RelayClient;
  readonly users: readonly LoadedUser[];
  instances(service: ServiceName): Instance[];
  /** SIGKILL. */
  killBroker(): Promise<void>;
  /** On the same folder and port. */
  startBroker(): Promise<void>;
  /** SIGKILL of the server's first process; it is started again by who embeds it. */
  killDatabase(): Promise<void>;
  /** Every process is there and ready. */
  allReady(): Promise<void>;
  /** For a failure: the last that the processes printed. */
  printed(): string;
  end(): Promise<void>;
}

export interface FaultWorldOptions {
  readonly users: number;
  /** Of the database: off loses nothing where a process is killed, and only measuring asks for it. */
  readonly fsync: 'on' | 'off';
  /** The services reach the database by TCP, on port 5432 of the loopback: only where the network is the world's own. */
  readonly byTcp?: boolean;
}

/** Of each topic. */
export const PARTITIONS = 4;

export async function startFaultWorld(options: FaultWorldOptions = { users: 6, fsync: 'off' }): Promise<FaultWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-faults-'));
  await chmod(folder, 0o711);
  const started: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const end = async () => {
    for (const stop of started.toReversed()) await stop();
  };
  try {
    return { ...(await build(folder, started, options)), end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function build(
  folder: string,
  started: (() => Promise<unknown>)[],
  { users, fsync, byTcp = false }: FaultWorldOptions,
): Promise<Omit<FaultWorld, 'end'>> {
  const dataDir = join(folder, 'postgres');
  const server: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir,
    settings: {
      fsync,
      max_connections: '300',
      shared_buffers: '64MB',
      track_commit_timestamp: 'on',
      ...(byTcp ? { listen_addresses: '127.0.0.1' } : {}),
    },
  });
  const servicesUrl = new URL(server.url());
  if (byTcp) servicesUrl.host = '127.0.0.1:5432';
  started.push(() => server.stop());
  const ofBroker = { dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE };
  let broker: KafkaBroker = await startKafkaBroker(ofBroker);
  started.push(() => broker.stop());
  const postern = await startPosternProcess(
    {
      POSTERN_DATA_DIR: folder,
      POSTERN_DATABASE_URL: servicesUrl.toString(),
      POSTERN_KAFKA_BROKERS: broker.address,
      POSTERN_KAFKA_PARTITIONS: String(PARTITIONS),
    },
    'supervisor',
    ['--instances', '2'],
  );
  started.push(() => postern.end('SIGTERM'));
  const people = await populate(postern, users);
  const { relayKey } = people;
  const relay = new RelayClient({ url: postern.url, key: relayKey, relayName: 'mx-replica', retryMaxMs: 1_000 });
  await relay.start();
  started.push(() => relay.stop());

  const instances = (service: ServiceName) => instancesOf(postern, service);
  const port = Number(broker.address.split(':')[1]);
  return {
    url: postern.url,
    databaseUrl: server.url(),
    brokers: broker.address,
    relay,
    ...people,
    instances,
    killBroker: () => broker.kill(),
    startBroker: async () => {
      broker = await startKafkaBroker({ ...ofBroker, port });
    },
    killDatabase: async () => {
      const [first] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
      if (!(Number(first) > 1)) throw new Error('There is no database to be killed.');
      process.kill(Number(first), 'SIGKILL');
    },
    allReady: async () => {
      const all = [
        ...instances('command-service'),
        ...instances('projection-service'),
        ...instances('audit-trail-service'),
      ];
      for (const each of [...all, { name: 'the proxy', url: postern.url }])
        await until(
          () => missingOf(each),
          `${each.name} is ready`,
          (missing) => missing === null,
        );
    },
    printed: () => postern.output().split('\n').slice(-60).join('\n'),
  };
}

async function populate(postern: PosternProcess, count: number) {
  const operator = asking(postern.url, postern.operatorKey ?? '');
  await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
  const issued = await operator('POST', '/v1/tenants/acme/api-keys', { role: 'admin', name: 'load' });
  const admin = asking(postern.url, issued.body.key);
  const relayKey: string = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'mx' })).body.key;
  const users: LoadedUser[] = [];
  for (let number = 0; number < count; number++) {
    const username = `user${number}@acme.example`;
    const { body } = await admin('POST', '/v1/tenants/acme/smtp-users', { username });
    users.push({ id: body.id, username, number });
  }
  return { admin, adminKey: issued.body.key as string, relayKey, users };
}
