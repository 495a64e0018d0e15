import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runJava } from './run.js';

interface SecureListener extends Certificate {
  readonly port: number;
}

export interface BrokerSettings {
  readonly port: number;
  readonly advertisedPort: number;
  readonly controllerPort: number;
  readonly folder: string;
  readonly secure: SecureListener | null;
  readonly authorizes: boolean;
}

/** One broker that is its own controller (KRaft). Topics are never created by a misspelt name. */
export function brokerProperties(settings: BrokerSettings): string {
  const { port, advertisedPort, controllerPort, folder, secure, authorizes } = settings;
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
    // Kafka locks this folder before it writes only if it is separate. A second broker on the folder then ends without harm.
    'metadata.log.dir': join(folder, 'metadata'),
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // On one machine, fifty partitions of an internal topic would only slow the start.
    'offsets.topic.num.partitions': 4,
    'auto.create.topics.enable': false,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...(secure && {
      'sasl.enabled.mechanisms': SCRAM.join(','),
      ...Object.fromEntries(SCRAM.map((mechanism) => [loginModuleOf(mechanism), SCRAM_LOGIN])),
      'ssl.keystore.location': secure.keystore,
      'ssl.keystore.password': KEYSTORE_PASSWORD,
      'ssl.keystore.type': 'PKCS12',
    }),
    // The broker itself, and the client that creates the ACLs, have no login.
    ...(authorizes && {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    }),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

export const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
const loginModuleOf = (mechanism: string) => `listener.name.sasl_ssl.${mechanism.toLowerCase()}.sasl.jaas.config`;

interface Certificate {
  /** PKCS#12. */
  readonly keystore: string;
  /** PEM. */
  readonly certificateFile: string;
}

const KEYSTORE_PASSWORD = 'postern';

/** For 127.0.0.1 and localhost; created once per folder. */
export async function makeCertificate(dataDir: string): Promise<Certificate> {
  const keystore = join(dataDir, 'broker.p12');
  const certificateFile = join(dataDir, 'broker.pem');
  if (existsSync(certificateFile)) return { keystore, certificateFile };
  const store = ['-keystore', keystore, '-storetype', 'PKCS12', '-storepass', KEYSTORE_PASSWORD, '-alias', 'broker'];
  const pair = '-keyalg EC -groupname secp256r1 -validity 3650 -dname CN=localhost -ext SAN=IP:127.0.0.1,DNS:localhost';
  await runJava('keytool', ['-genkeypair', ...store, ...pair.split(' ')]);
  await runJava('keytool', ['-exportcert', ...store, '-rfc', '-file', certificateFile]);
  return { keystore, certificateFile };
}
