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

export interface KafkaSettings {
  readonly brokers: readonly string[];
  /** `ca`: trusted certificates in PEM; null: the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: KafkaLogin | null;
  /** Of each topic that is created. An existing topic must have the same number. */
  readonly partitions: number;
  /** Of each topic that is created; null: three, or the number of brokers if there are fewer. */
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

// A CommonJS package: Node finds only its default export in all cases.
const { Kafka: Client, logLevel } = kafkajs;

export const CONNECT_TIMEOUT_MS = 3_000;
/** Not for joining a group and fetching. */
export const REQUEST_TIMEOUT_MS = 8_000;
/** Writers and readers notice new partitions of a topic after this time. */
export const METADATA_MAX_AGE_MS = 5_000;

/** The client of a process. It logs nothing; its callers report errors. */
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
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 },
    socketFactory: (to) => open(to, connections),
    logLevel: logLevel.NOTHING,
  });
  return closingOnTimeout(client, connections);
}

/** kafkajs's socket, and the TCP connection below it: the same without TLS. */
interface Connection {
  readonly socket: Socket;
  readonly tcp: Socket;
}

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
 * Closes the connections after a request that timed out. kafkajs would keep them: after a silent network cut of 20 s, it waits 5 s more for
 * TCP's retransmission. They are reset, because a join request that arrives late would create a member that its group waits for.
 */
function closingOnTimeout(client: Kafka, connections: ReadonlySet<Connection>): Kafka {
  const closeAll = () => {
    for (const { socket, tcp } of connections) {
      // kafkajs fails the requests of this connection and connects again.
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

interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since 1970; -1 if the broker never throttled. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;

/** kafkajs 2.2.4 checks even an empty queue every millisecond; Node 26 warns with `TimeoutNegativeWarning`. A request that waits sets its own timer. */
prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(this: RequestQueue): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};
