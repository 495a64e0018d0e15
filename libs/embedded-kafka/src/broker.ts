import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaJars } from './artefacts.js';
import { brokerProperties, type BrokerSettings } from './broker-settings.js';
import { freePort } from './free-port.js';
import { runJava } from './java.js';
import { makeCertificate } from './certificate.js';

export interface KafkaBrokerOptions {
  /** The broker's own folder; made if it is not there. What it holds stays. */
  readonly dataDir: string;
  /** Where its jars are kept between runs. */
  readonly cacheDir: string;
  /** Where it listens on 127.0.0.1; a free one where none is given. */
  readonly port?: number;
  /** Opens a second listener with TLS and SASL/SCRAM for these accounts. */
  readonly accounts?: readonly KafkaAccount[];
  /** Whether accounts may do what they were given by ACLs alone. Without a login everything is allowed still. */
  readonly authorizes?: boolean;
}

export interface KafkaAccount {
  readonly username: string;
  readonly password: string;
}

/** A broker that runs. */
export interface KafkaBroker {
  /** `host:port`, without TLS and without a login. */
  readonly address: string;
  /** The listener with both; null where no accounts were given. */
  readonly secure: { readonly address: string; readonly certificateFile: string } | null;
  readonly pid: number;
  /** Resolves when the process has ended, whatever ended it. */
  readonly ended: Promise<void>;
  /** SIGTERM, and SIGKILL where that takes longer than 20 s. */
  stop(): Promise<void>;
  /** SIGKILL. The folder can be started on again. */
  kill(): Promise<void>;
}

/** 170 MB resident with these; a class data archive is not worth its making. */
const JVM_FLAGS = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const STARTED = 'Kafka Server started';
const KEYSTORE_PASSWORD = 'postern';

/**
 * Starts a real broker without Docker, with the jars that Maven has. Throws an `Error` that says what is missing, or with
 * the end of the broker's log.
 */
export async function startKafkaBroker(options: KafkaBrokerOptions): Promise<KafkaBroker> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const classPath = join(await kafkaJars(resolve(options.cacheDir)), '*');
  const { accounts = [], authorizes = false } = options;
  const certificate = accounts.length > 0 ? await makeCertificate(dataDir, KEYSTORE_PASSWORD) : null;
  const settings: BrokerSettings = {
    port: options.port ?? (await freePort()),
    controllerPort: await freePort(),
    logDir: join(dataDir, 'log'),
    authorizes,
    secure: certificate && {
      port: await freePort(),
      keystore: certificate.keystore,
      keystorePassword: KEYSTORE_PASSWORD,
    },
  };
  const properties = join(dataDir, 'server.properties');
  await writeFile(properties, brokerProperties(settings));
  await formatOnce(classPath, properties, settings, accounts);
  const { process: broker, ended } = await launch(classPath, properties, join(dataDir, 'broker.log'));
  return {
    address: `127.0.0.1:${settings.port}`,
    secure: settings.secure &&
      certificate && { address: `127.0.0.1:${settings.secure.port}`, certificateFile: certificate.certificateFile },
    pid: broker.pid ?? 0,
    ended,
    stop: () => end(broker, ended, 'SIGTERM'),
    kill: () => end(broker, ended, 'SIGKILL'),
  };
}

/** A cluster id, 16 bytes in base64url, for a single broker of its own. */
const CLUSTER_ID = 'cG9zdGVybi1rYWZrYS0wMQ';

async function formatOnce(
  classPath: string,
  properties: string,
  { logDir }: BrokerSettings,
  accounts: readonly KafkaAccount[],
): Promise<void> {
  if (existsSync(join(logDir, 'meta.properties'))) return;
  const scram = accounts.flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  );
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties, ...scram];
  try {
    await runJava([...JVM_FLAGS, '-cp', classPath, ...format]);
  } catch (error) {
    // What is half formatted would be taken for whole the next time.
    await rm(logDir, { recursive: true, force: true });
    throw error;
  }
}

async function launch(
  classPath: string,
  properties: string,
  logFile: string,
): Promise<{ process: ChildProcess; ended: Promise<void> }> {
  await rm(logFile, { force: true });
  const log = openSync(logFile, 'a');
  const broker = spawn(
    'java',
    [...JVM_FLAGS, '-Dorg.slf4j.simpleLogger.showDateTime=true', '-cp', classPath, 'kafka.Kafka', properties],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const ended = once(broker, 'exit').then(
    () => undefined,
    () => undefined,
  );
  const isOver = () => broker.exitCode !== null || broker.signalCode !== null || broker.pid === undefined;
  for (const until = Date.now() + START_TIMEOUT_MS; !isOver() && Date.now() < until;) {
    if ((await readFile(logFile, 'utf8')).includes(STARTED)) return { process: broker, ended };
    await Promise.race([sleep(50), ended]);
  }
  broker.kill('SIGKILL');
  const tail = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-8).join('\n');
  throw new Error(`The Kafka broker did not start. The end of ${logFile}:\n${tail}`);
}

async function end(broker: ChildProcess, ended: Promise<void>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  broker.kill(signal);
  // A broker that was stopped (SIGSTOP) takes SIGKILL alone.
  const timer = setTimeout(() => broker.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
