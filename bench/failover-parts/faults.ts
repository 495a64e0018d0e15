import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { metricOf, sendSignal, type Instance, type ServicesWorld } from '@postern/testing';
import { poll, type FirstEvents } from './first-event.js';

/** Of one time that something went wrong: names to milliseconds. */
export type Times = Readonly<Record<string, number>>;

export interface Scene {
  readonly world: ServicesWorld;
  readonly database: pg.Client;
  readonly first: FirstEvents;
}

const BROKER_DOWN_MS = 3_000;

/** What an event takes while nothing is wrong, under the same load: from before it is written. */
export async function undisturbed({ world, first }: Scene): Promise<Times> {
  const at = urlOf(world.instances('command-service')[0]);
  return { enforced: await timed(() => first.enforced(at)), recorded: await timed(() => first.recorded(at)) };
}

/** The publisher's leader dies, or is frozen and then woken. From the signal. */
export async function leaderGone({ world, database, first }: Scene, how: 'SIGKILL' | 'SIGSTOP'): Promise<Times> {
  const all = world.instances('command-service');
  const values = await Promise.all(all.map((each) => metricOf(each, /^postern_publisher_leader /)));
  const leader = all[values.indexOf(1)];
  const other = all[values.indexOf(0)];
  if (!leader || !other) throw new Error(`There is not one leader and one stand-by: ${values.join(', ')}.`);
  const before = await holders(database);
  const since = performance.now();
  sendSignal(leader.pid, how);
  const leads = poll(async () => (await holders(database)).some((pid) => !before.includes(pid)));
  const [led, applied] = await Promise.all([leads.then(now), first.enforced(other.url).then(now)]);
  if (how === 'SIGSTOP') sendSignal(leader.pid, 'SIGCONT');
  return { leads: led - since, applied: applied - since };
}

/** Kills an instance of a read side. Measures from the kill until each partition's later writes can be read. */
export async function readerKilled(
  { world, first }: Scene,
  service: 'projection-service' | 'audit-trail-service',
  round: number,
): Promise<Times> {
  const instances = world.instances(service);
  const killed = instances[round % instances.length];
  if (!killed) throw new Error(`There is no ${service}.`);
  const at = urlOf(world.instances('command-service')[0]);
  const since = performance.now();
  sendSignal(killed.pid, 'SIGKILL');
  await (service === 'projection-service' ? first.enforced(at) : first.recorded(at));
  return { applied: performance.now() - since };
}

/** The broker is killed and started again some seconds later. From the start of its process, and what of that it takes to be up. */
export async function brokerKilled({ world, database, first }: Scene): Promise<Times> {
  const at = urlOf(world.instances('command-service')[0]);
  await world.killBroker();
  const enforced = first.enforced(at).then(now);
  const recorded = first.recorded(at).then(now);
  await sleep(BROKER_DOWN_MS);
  const since = performance.now();
  await world.startBroker();
  const up = performance.now();
  const times = { up: up - since, enforced: (await enforced) - since, recorded: (await recorded) - since };
  await policiesWritten(database);
  return { ...times, written: now() - since };
}

/** The sessions that have the publisher's lock. */
async function holders(database: pg.Client): Promise<number[]> {
  const { rows } = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND application_name = 'postern-publisher'`,
  );
  return rows.map(({ pid }) => pid);
}

/** Resolves when the relay policies of now are in their topic. */
async function policiesWritten(database: pg.Client): Promise<void> {
  const { rows } = await database.query<{ revision: string }>('SELECT revision FROM projection.relay_policy_totals');
  await poll(async () => {
    const published = 'SELECT FROM projection.relay_policy_publication WHERE revision >= $1';
    return (await database.query(published, [rows[0]?.revision])).rows.length === 1;
  });
}

const now = () => performance.now();

async function timed(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

function urlOf(instance: Instance | undefined): string {
  if (!instance) throw new Error('There is no such instance.');
  return instance.url;
}
