import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@postern/embedded-kafka';
import { apiPage } from '@postern/process';
import { operatorKeyLocation, StartFailed, type Running } from '@postern/process-life';
import { SettingInvalid, type Settings } from '@postern/settings';
import { prepareDatabase } from '../../database-tool/src/migrate/prepare-database.js';
import { openDatabase, type Database } from '../../standalone/src/database.js';
import { Child } from './child.js';
import { planServices, serviceUrls } from './plan.js';
import { startProxy } from './proxy.js';

/** A service's pools may hold about 25 connections. */
const CONNECTIONS_OF_A_SET = 80;
const READY_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 250;
const LAST_PORT = 65_535;

export interface SupervisorOptions {
  readonly instances: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly stopped: AbortSignal;
}

/** @throws if one part does not start, with nothing left running. */
export async function startServices(settings: Settings, options: SupervisorOptions): Promise<Running> {
  const { instances, environment, log, stopped } = options;
  const [httpPort = 0, ...ports] = await portsFor(settings.httpPort, 1 + 3 * instances);
  const urls = serviceUrls(ports);
  // First, so that a used port is noticed before anything else starts.
  const proxy = await startProxy({ ...settings, httpPort }, urls);
  let services: readonly Child[] = [];
  let database: Database | undefined;
  const stop = async () => {
    // The proxy first: it accepts nothing new, and answers what it has accepted.
    await proxy.stop();
    await Promise.all(services.map((child) => child.stop()));
    await database?.stop();
  };
  const giveUp = () => void Promise.all(services.map((child) => child.stop()));
  stopped.addEventListener('abort', giveUp);
  try {
    database = await openDatabase(
      settings,
      (_, message) => log(message),
      (ownerUrl) => prepareDatabase(ownerUrl, environment),
      { max_connections: String(60 + CONNECTIONS_OF_A_SET * instances) },
    );
    stopped.throwIfAborted();
    const plan = planServices(environment, database.url, urls);
    services = plan.map((each) => new Child(each, log));
    const ready = await Promise.all(services.map((child) => child.start()));
    await untilReady(proxy.url, stopped);
    stopped.removeEventListener('abort', giveUp);
    const list = plan.map(({ name, url }, i) => line(name, `${url}   pid ${services[i]?.pid}`));
    return {
      url: proxy.url,
      keyLocation: operatorKeyLocation(settings),
      firstKey: ready.find(({ firstKey }) => firstKey)?.firstKey ?? null,
      signInPath: ready.find(({ signInPath }) => signInPath)?.signInPath ?? null,
      details: ['', ...list, ...surroundings(settings, environment), apiPage(proxy.url)],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function surroundings({ databaseUrl, dataDir }: Settings, environment: NodeJS.ProcessEnv): string[] {
  const brokers = environment['POSTERN_KAFKA_BROKERS'];
  return [
    line('database', databaseUrl === null ? `embedded, in ${dataDir}` : 'that of POSTERN_DATABASE_URL'),
    line(
      'event bus',
      brokers ? `Kafka at ${brokers}` : 'NO KAFKA: POSTERN_KAFKA_BROKERS is not set; the journal’s feed is the bus',
    ),
  ];
}

function line(name: string, what: string): string {
  return `  ${name.padEnd(24)}${what}`;
}

/** Ports after the proxy's, or free ones if that is 0. @throws `SettingInvalid` if there are not enough. */
async function portsFor(first: number, count: number): Promise<number[]> {
  if (first + count - 1 > LAST_PORT)
    throw new SettingInvalid(
      `POSTERN_HTTP_PORT must be ${LAST_PORT - count + 1} at most here (it is ${first}): the services use the ${count - 1} ports after it.`,
    );
  if (first !== 0) return Array.from({ length: count }, (_, i) => first + i);
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function untilReady(url: string, stopped: AbortSignal): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`);
    if (answer.ok) return;
    const { detail } = (await answer.json()) as { detail?: string };
    if (Date.now() > until) throw new StartFailed(`The services did not get ready within 60 s. ${detail}`);
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopped });
  }
}
