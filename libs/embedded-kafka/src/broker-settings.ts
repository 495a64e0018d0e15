import { join } from 'node:path';

/** A second listener, with TLS and a login. */
export interface SecureListener {
  readonly port: number;
  /** PKCS#12, with the certificate's private key. */
  readonly keystore: string;
  readonly keystorePassword: string;
}

export interface BrokerSettings {
  readonly port: number;
  /** By which clients reach it. */
  readonly advertisedPort: number;
  readonly controllerPort: number;
  /** The folder with all that the broker keeps. */
  readonly folder: string;
  readonly secure: SecureListener | null;
  /** Whether ACLs decide who may do what. */
  readonly authorizes: boolean;
}

/**
 * `server.properties` of one broker that is its own controller (KRaft), on 127.0.0.1. Topics are made by who needs them,
 * with their settings, and never by a misspelt name.
 */
export function brokerProperties({
  port,
  advertisedPort,
  controllerPort,
  folder,
  secure,
  authorizes,
}: BrokerSettings): string {
  const withLogin = secure ? [`SASL_SSL://127.0.0.1:${secure.port}`] : [];
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [`PLAINTEXT://127.0.0.1:${port}`, ...withLogin, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${advertisedPort}`, ...withLogin].join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'log'),
    // A folder of its own: only then does Kafka lock it before it writes. A second broker on the folder ends there, and harms nothing.
    'metadata.log.dir': join(folder, 'metadata'),
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // One machine: fifty partitions of a consumer's own topic would only slow the start.
    'offsets.topic.num.partitions': 4,
    'auto.create.topics.enable': false,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...(secure ? secureProperties(secure) : {}),
    ...(authorizes ? AUTHORIZER : {}),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The broker itself, and whoever makes the ACLs, comes without a login. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

function secureProperties({ keystore, keystorePassword }: SecureListener): Record<string, string> {
  return {
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.location': keystore,
    'ssl.keystore.password': keystorePassword,
    'ssl.keystore.type': 'PKCS12',
  };
}
