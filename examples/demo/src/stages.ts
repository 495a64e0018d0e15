import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaBroker } from '@postern/embedded-kafka';
import {
  asking,
  createAcme,
  KAFKA_CACHE,
  MailWorld,
  startPosternProcess,
  startPostfixWithDovecot,
  type Ask,
  type SmtpOptions,
} from '@postern/testing';
import { startRelay } from '../../relay-smtp-server/src/index.js';
import { line } from './transcript.js';

export const USERNAME = 'app@acme.example';
export const PASSWORD = 'correct horse battery staple';

/** The Postern and the relay that the demo uses. */
export interface Stage {
  /** Asks the API with an admin's key of the tenant `acme`. */
  readonly admin: Ask;
  readonly smtpUserId: string;
  /** Where the relay serves SMTP. */
  readonly smtp: SmtpOptions;
  /** The reply to the right password from a denied address. */
  readonly notAuthorized: RegExp;
  /** The revision that the relay has applied. */
  readonly relayRevision: () => number | Promise<number>;
}

/** What the stage has started, to be ended in reverse order. */
type EndsWith = (end: () => Promise<unknown>) => void;

/** Starts a Postern, and the example relay in this process. As services, Postern also gets its own Kafka broker. */
export async function setSmtpServerStage(asServices: boolean, endsWith: EndsWith): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-demo-'));
  endsWith(() => rm(dataDir, { recursive: true, force: true }));
  const environment: Record<string, string> = { POSTERN_DATA_DIR: dataDir };
  if (asServices) {
    const broker = await startKafkaBroker({ dataDir: join(dataDir, 'kafka'), cacheDir: KAFKA_CACHE });
    endsWith(() => broker.stop());
    environment['POSTERN_KAFKA_BROKERS'] = broker.address;
    line('Kafka', broker.address);
  }
  const postern = await startPosternProcess(environment, asServices ? 'supervisor' : 'standalone');
  endsWith(() => postern.end('SIGTERM'));
  for (const [, name = '', url = ''] of postern.output().matchAll(/^ {2}(\S+-service \d) +(http:\S+) +pid/gm))
    line(name, url);
  line('Postern', postern.url);

  const { admin, relayKey } = await createAcme(postern.url, postern.operatorKey);
  const user = await admin('POST', '/v1/tenants/acme/smtp-users', { username: USERNAME });
  const relay = await startRelay({
    port: 0,
    postern: { url: postern.url, key: relayKey },
    relayName: 'mx1',
    users: { [USERNAME]: PASSWORD },
  });
  endsWith(() => relay.close());
  line('relay mx1', `smtp://127.0.0.1:${relay.port}`);
  return {
    admin,
    smtpUserId: user.body.id,
    smtp: { port: relay.port },
    notAuthorized: /^535 5\.7\.1 IP not authorized$/,
    relayRevision: () => relay.status().revision ?? 0,
  };
}

/** Starts a Postern, and Postfix, Dovecot and the relay agent with the files of examples/postfix-dovecot. */
export async function setPostfixStage(endsWith: EndsWith): Promise<Stage> {
  const world = await MailWorld.start();
  endsWith(() => world.end());
  const smtpUserId = await world.register(USERNAME);
  const { submission } = await startPostfixWithDovecot(world, { [USERNAME]: PASSWORD });
  line('Postern', world.posternUrl);
  line('relay agent mx1', `http://${world.agentAddress}`);
  line('Postfix', `smtp://127.0.0.1:${submission}, with STARTTLS`);
  return {
    admin: asking(world.posternUrl, world.adminKey),
    smtpUserId,
    smtp: { port: submission, tls: 'starttls' },
    notAuthorized: /^535 5\.7\.8 Error: authentication failed: IP not authorized$/,
    relayRevision: async () => {
      const ready = await fetch(`http://${world.agentAddress}/health/ready`);
      return ((await ready.json()) as { policies: { revision: number | null } }).policies.revision ?? 0;
    },
  };
}
