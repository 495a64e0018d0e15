import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createRequire } from 'node:module';
import kafkajs, {
  type Admin,
  type Consumer,
  type ISocketFactoryArgs,
  type Kafka,
  type Producer,
  type SASLOptions,
} from 'kafkajs';

/** How a process reaches Kafka, and what it makes there. */
export interface KafkaSettings {
  /** `host:port`; those that the client asks first. */
  readonly brokers: readonly string[];
  /** `ca`: certificates in PEM that are trusted instead of the system's; null: the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: KafkaLogin | null;
  /** Of each topic that is made. A topic that is there must have as many. */
  readonly partitions: number;
  /** Of each topic that is made; null: three, or as many as there are brokers. */
  readonly replication: number | null;
}

export interface KafkaLogin {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export const DEFAULT_PARTITIONS = 12;

// A CommonJS package, of which Node finds the default alone in all cases.
const { Kafka: Client, logLevel } = kafkajs;

export const CONNECT_TIMEOUT_MS = 3_000;
/** Joining a group and fetching have their own. */
export const REQUEST_TIMEOUT_MS = 8_000;
/** Partitions that were added to a topic are noticed after this, by whoever writes and whoever reads. */
export const METADATA_MAX_AGE_MS = 5_000;

/** The client of a process. It logs nothing: who uses it reports what failed. */
export function kafkaClient(settings: KafkaSettings, clientId = 'postern'): Kafka {
  const connections = new Set<Connection>();
  const client = new Client({
    clientId,
    brokers: [...settings.brokers],
    ssl: settings.tls === null ? false : settings.tls.ca === null ? true : { ca: [settings.tls.ca] },
    ...(settings.sasl ? { sasl: login(settings.sasl) } : {}),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    // Whoever uses it tries again for ever, with pauses of its own.
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 },
    socketFactory: (to) => open(to, connections),
    logLevel: logLevel.NOTHING,
  });
  return closingOnTimeout(client, connections);
}

/** What kafkajs uses, and the TCP connection below it: the same where there is no TLS. */
interface Connection {
  readonly socket: Socket;
  readonly tcp: Socket;
}

/** As kafkajs opens one by itself. */
function open({ host, port, ssl, onConnect }: ISocketFactoryArgs, connections: Set<Connection>): Socket {
  const tcp = connectTcp({ host, port, noDelay: true }).setKeepAlive(true, 60_000);
  const name = isIP(host) ? {} : { servername: host };
  const socket = ssl ? connectTls({ socket: tcp, ...name, ...ssl }) : tcp;
  socket.once(ssl ? 'secureConnect' : 'connect', onConnect);
  const connection = { socket, tcp };
  connections.add(connection);
  tcp.once('close', () => connections.delete(connection));
  return socket;
}

/**
 * A request that is not answered in time costs the client's connections. kafkajs keeps them and asks again on the same ones; where the
 * broker was cut off without a word, that waits until TCP sends again what was lost: 5 s after a cut of 20 s, and longer after a longer one.
 * They are reset, not ended: a request to join a group that still arrives later makes a member that its group waits for.
 */
function closingOnTimeout(client: Kafka, connections: ReadonlySet<Connection>): Kafka {
  const closeAll = () => {
    for (const { socket, tcp } of connections) {
      // kafkajs fails the requests on it, and connects again for the next.
      socket.emit('timeout');
      if (tcp.connecting) tcp.destroy();
      else tcp.resetAndDestroy();
    }
  };
  const bounded = <T extends Consumer | Producer | Admin>(user: T): T => {
    (user as Admin).on((user as Admin).events.REQUEST_TIMEOUT, closeAll);
    return user;
  };
  const { consumer, producer, admin } = client;
  client.consumer = (config) => bounded(consumer.call(client, config));
  client.producer = (config) => bounded(producer.call(client, config));
  client.admin = (config) => bounded(admin.call(client, config));
  return client;
}

function login({ mechanism, username, password }: KafkaLogin): SASLOptions {
  return { mechanism, username, password } as SASLOptions;
}

/** What of kafkajs's queue of requests is used here; each connection has one. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since 1970; -1 where the broker never throttled. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * kafkajs 2.2.4 looks at the queue of a connection by a timer also where nothing waits in it, and computes a time in the past for that:
 * once a millisecond, for ever, on each connection. Node 26 shows it by a `TimeoutNegativeWarning`. Where nothing waits there is
 * nothing to look at; whatever comes to wait sets its timer itself.
 */
prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(this: RequestQueue): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};
