import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { RelayClient } from '@postern/relay-client';
import { createAcme } from './acme.js';
import { asking, type Ask } from './asking.js';
import { instancesOf, missingOf, type Instance, type ServiceName } from './instances.js';
import { startPosternProcess, type PosternProcess } from './postern-process.js';
import { pidIn, sendSignal } from './send-signal.js';
import { KAFKA_CACHE } from './test-kafka.js';
import { until } from './until.js';

/** A user of the world's tenant `acme`. */
export interface WorldUser {
  readonly id: string;
  readonly username: string;
  /** Its place among the users. */
  readonly number: number;
}

export interface ServicesWorldOptions {
  readonly users: number;
  /** Of the database: off loses nothing where a process is killed, and only measuring asks for it. */
  readonly fsync?: 'on' | 'off';
  /** The services reach the database by TCP, on port 5432 of the loopback: only where the network is the world's own. */
  readonly byTcp?: boolean;
}

/** Of each topic. */
export const PARTITIONS = 4;

/** Two of each service with Kafka between them. Their database and their broker are the world's own: they outlive them, and may be killed. */
export class ServicesWorld {
  adminKey = '';
  relayKey = '';
  users: readonly WorldUser[] = [];
  private postern: PosternProcess | undefined;
  private readonly relays: RelayClient[] = [];

  private constructor(
    private readonly folder: string,
    private readonly database: EmbeddedPostgres,
    private broker: KafkaBroker,
    /** Of the services and of commands. */
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  static async start({ users, fsync = 'off', byTcp = false }: ServicesWorldOptions): Promise<ServicesWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-services-'));
    // The database's server may run under another account.
    await chmod(folder, 0o711);
    const [database, broker] = await Promise.all([
      startEmbeddedPostgres({
        dataDir: join(folder, 'postgres'),
        settings: {
          fsync,
          max_connections: '300',
          shared_buffers: '64MB',
          track_commit_timestamp: 'on',
          ...(byTcp ? { listen_addresses: '127.0.0.1' } : {}),
        },
      }),
      startKafkaBroker({ dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE }),
    ]);
    const servicesUrl = new URL(database.url());
    if (byTcp) servicesUrl.host = '127.0.0.1:5432';
    const world = new ServicesWorld(folder, database, broker, {
      POSTERN_DATA_DIR: folder,
      POSTERN_DATABASE_URL: servicesUrl.toString(),
      POSTERN_KAFKA_BROKERS: broker.address,
      POSTERN_KAFKA_PARTITIONS: String(PARTITIONS),
      POSTERN_LOG_LEVEL: 'fatal',
    });
    try {
      await world.startServices();
      await world.populate(users);
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  /** The owner's, by a Unix socket. */
  get databaseUrl(): string {
    return this.database.url();
  }

  get brokers(): string {
    return this.broker.address;
  }

  get url(): string {
    return this.running.url;
  }

  get admin(): Ask {
    return asking(this.url, this.adminKey);
  }

  get reports(): Ask {
    return asking(this.url, this.relayKey);
  }

  async startServices(): Promise<void> {
    this.postern = await startPosternProcess(this.environment, 'supervisor', ['--instances', '2']);
  }

  /** SIGTERM; resolves to the exit code. */
  async stopServices(): Promise<number | string> {
    const stopping = this.running;
    this.postern = undefined;
    return stopping.end('SIGTERM');
  }

  /** A relay that follows; it is stopped with the world. */
  async startRelay(): Promise<RelayClient> {
    const relay = new RelayClient({ urls: [this.url], key: this.relayKey, relayName: 'mx-replica', retryMaxMs: 1_000 });
    this.relays.push(relay);
    await relay.start();
    return relay;
  }

  instances(service: ServiceName): Instance[] {
    return instancesOf(this.running, service);
  }

  /** SIGKILL. */
  killBroker(): Promise<void> {
    return this.broker.kill();
  }

  /** On the same folder and port. */
  async startBroker(): Promise<void> {
    const port = Number(this.brokers.split(':')[1]);
    this.broker = await startKafkaBroker({ dataDir: join(this.folder, 'kafka'), cacheDir: KAFKA_CACHE, port });
  }

  /** SIGKILL; it comes back on its port, and has nothing any more. */
  async loseBroker(): Promise<void> {
    await this.killBroker();
    await rm(join(this.folder, 'kafka'), { recursive: true, force: true });
    await this.startBroker();
  }

  /** SIGKILL of the server's first process; it is started again by who embeds it. */
  async killDatabase(): Promise<void> {
    sendSignal(await pidIn(join(this.folder, 'postgres', 'postmaster.pid')), 'SIGKILL');
  }

  /** What each process says that is not ready, the proxy among them. */
  async missing(): Promise<string[]> {
    const all = (['command-service', 'projection-service', 'audit-trail-service'] as const).flatMap((service) =>
      this.instances(service),
    );
    const answers = await Promise.all([...all, { name: 'the proxy', url: this.url }].map(missingOf));
    return answers.filter((missing) => missing !== null);
  }

  async allReady(): Promise<void> {
    await until(
      () => this.missing(),
      'every process is ready',
      (missing) => missing.length === 0,
    );
  }

  /** For a failure: the last that the processes printed. */
  printed(): string {
    return this.running.output().split('\n').slice(-60).join('\n');
  }

  async end(): Promise<void> {
    for (const relay of this.relays) await relay.stop();
    await this.postern?.end('SIGTERM');
    await this.broker.stop();
    await this.database.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private get running(): PosternProcess {
    if (!this.postern) throw new Error('The services do not run.');
    return this.postern;
  }

  private async populate(count: number): Promise<void> {
    ({ adminKey: this.adminKey, relayKey: this.relayKey } = await createAcme(this.url, this.running.operatorKey));
    const usernames = Array.from({ length: count }, (_, number) => `user${number}@acme.example`);
    this.users = await Promise.all(
      usernames.map(async (username, number) => {
        const { body } = await this.admin('POST', '/v1/tenants/acme/smtp-users', { username });
        return { id: body.id, username, number };
      }),
    );
  }
}
