import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brokerProperties, makeCertificate, SCRAM, type BrokerSettings } from './broker-settings.js';
import { kafkaJars } from './jars.js';
import { freePort, runJava } from './run.js';

export interface KafkaBrokerOptions {
  /** Created if missing. */
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly port?: number;
  /** If clients use another port of 127.0.0.1. */
  readonly advertisedPort?: number;
  /** Opens a second listener with TLS and SASL/SCRAM for these accounts. */
  readonly accounts?: readonly KafkaAccount[];
  /** Whether accounts have only the rights of ACLs. Without a login, everything is still allowed. */
  readonly authorizes?: boolean;
}

export interface KafkaAccount {
  readonly username: string;
  readonly password: string;
}

export interface KafkaBroker {
  /** Without TLS and without a login. */
  readonly address: string;
  /** Null without accounts. */
  readonly secure: { readonly address: string; readonly certificateFile: string } | null;
  readonly pid: number;
  readonly ended: Promise<void>;
  /** SIGTERM, then SIGKILL after 20 s. */
  stop(): Promise<void>;
  /** SIGKILL. The folder can be used again. */
  kill(): Promise<void>;
}

/** 170 MB resident with these. */
const JVM_FLAGS = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const STARTED = 'Kafka Server started';

/** With jars from Maven. @throws an `Error` of one line that says what to do. */
export async function startKafkaBroker(options: KafkaBrokerOptions): Promise<KafkaBroker> {
  const jars = await kafkaJars(resolve(options.cacheDir));
  const archive = archiveIn(jars);
  return startWith(jars, existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [], options);
}

const archiveIn = (jars: string): string => join(jars, 'classes.jsa');

/** Stores an archive of the broker's classes: a start then takes 1.7 s of CPU instead of 3. */
export async function prepareKafka(cacheDir: string): Promise<void> {
  const jars = await kafkaJars(resolve(cacheDir));
  const archive = archiveIn(jars);
  if (existsSync(archive)) return;
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-kafka-classes-'));
  const temporary = `${archive}.${process.pid}.making`;
  try {
    const broker = await startWith(jars, [`-XX:ArchiveClassesAtExit=${temporary}`], { dataDir });
    await broker.stop();
    if (existsSync(temporary)) await rename(temporary, archive);
  } finally {
    for (const path of [dataDir, temporary]) await rm(path, { recursive: true, force: true });
  }
}

async function startWith(
  jars: string,
  archiving: readonly string[],
  options: Omit<KafkaBrokerOptions, 'cacheDir'>,
): Promise<KafkaBroker> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const jvm = [...JVM_FLAGS, ...archiving, '-cp', join(jars, '*')];
  const { accounts = [], authorizes = false } = options;
  const certificate = accounts.length > 0 ? await makeCertificate(dataDir) : null;
  const port = options.port ?? (await freePort());
  const settings: BrokerSettings = {
    port,
    advertisedPort: options.advertisedPort ?? port,
    controllerPort: await freePort(),
    folder: join(dataDir, 'node'),
    authorizes,
    secure: certificate && { port: await freePort(), ...certificate },
  };
  const properties = join(dataDir, 'server.properties');
  await writeFile(properties, brokerProperties(settings));
  await formatOnce(jvm, properties, settings.folder, accounts);
  const { broker, ended } = await launch(jvm, properties, dataDir, port);
  const { secure } = settings;
  return {
    address: `127.0.0.1:${port}`,
    secure: secure && { address: `127.0.0.1:${secure.port}`, certificateFile: secure.certificateFile },
    pid: broker.pid ?? 0,
    ended,
    stop: () => end(broker, ended, 'SIGTERM'),
    kill: () => end(broker, ended, 'SIGKILL'),
  };
}

/** 16 bytes in base64url. */
const CLUSTER_ID = 'cG9zdGVybi1rYWZrYS0wMQ';

/** A killed format is repeated. */
async function formatOnce(
  jvm: readonly string[],
  properties: string,
  folder: string,
  accounts: readonly KafkaAccount[],
): Promise<void> {
  const formatted = join(folder, 'formatted');
  if (existsSync(formatted)) return;
  const scram = accounts.flatMap(({ username, password }) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
  );
  await mkdir(folder, { recursive: true });
  const format = ['format', '--ignore-formatted', '-t', CLUSTER_ID, '-c', properties, ...scram];
  await runJava('java', [...jvm, 'kafka.tools.StorageTool', ...format]);
  await writeFile(formatted, '');
}

async function launch(
  jvm: readonly string[],
  properties: string,
  dataDir: string,
  port: number,
): Promise<{ broker: ChildProcess; ended: Promise<void> }> {
  // `broker.log` and `broker.pid` belong to the running broker, so a failed start does not change them.
  const starting = join(dataDir, `starting-${process.pid}.log`);
  const pidFile = join(dataDir, 'broker.pid');
  const log = openSync(starting, 'w');
  const broker = spawn('java', [...jvm, '-Dorg.slf4j.simpleLogger.showDateTime=true', 'kafka.Kafka', properties], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(broker, 'exit').then(
    () => undefined,
    () => undefined,
  );
  const isOver = () => broker.exitCode !== null || broker.signalCode !== null || broker.pid === undefined;
  for (const until = Date.now() + START_TIMEOUT_MS; !isOver() && Date.now() < until;) {
    if ((await readFile(starting, 'utf8')).includes(STARTED)) {
      await rename(starting, join(dataDir, 'broker.log'));
      await writeFile(pidFile, `${broker.pid}\n`);
      return { broker, ended };
    }
    await Promise.race([sleep(50), ended]);
  }
  broker.kill('SIGKILL');
  await ended;
  const failed = join(dataDir, 'failed-start.log');
  await rename(starting, failed);
  throw new Error(reasonOf(await readFile(failed, 'utf8'), dataDir, port, await readPid(pidFile)) ?? unknown(failed));
}

/** Null for an unknown reason. */
function reasonOf(log: string, dataDir: string, port: number, pid: string): string | null {
  if (log.includes('Failed to acquire lock on file .lock'))
    return `Another Kafka broker${pid} is running on ${dataDir}. Stop it, or set POSTERN_DATA_DIR to another folder and POSTERN_BROKER_PORT to another port.`;
  if (log.includes(`failed to bind to 127.0.0.1:${port}: Address already in use`))
    return `Port ${port} of 127.0.0.1 is in use. Stop the program that listens on it, or set POSTERN_BROKER_PORT to another port.`;
  return null;
}

const unknown = (log: string): string =>
  `The Kafka broker did not start within ${START_TIMEOUT_MS / 1_000} s, or ended. Its log says why: ${log}`;

/** A broker continues without a terminal if its `npm run broker` was killed. */
async function readPid(file: string): Promise<string> {
  const pid = await readFile(file, 'utf8').catch(() => '');
  return pid === '' ? '' : ` (pid ${pid.trim()})`;
}

async function end(broker: ChildProcess, ended: Promise<void>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  broker.kill(signal);
  // A stopped broker (SIGSTOP) reacts only to SIGKILL.
  const timer = setTimeout(() => broker.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
