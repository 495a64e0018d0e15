import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@postern/contracts';
import { isLockHeld } from '@postern/database';
import { deleteOwnTopics, PUBLISHER_LOCK, RELAY_POLICIES } from '@postern/event-bus';
import { askForRepublish, republishLeft } from '@postern/event-store';
import { loadSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import {
  countUnpublished,
  POLICY_PUBLISHER_LOCK,
  publishAgain,
} from '../../../projection-service/src/relay-policies/publish/publication.js';
import type { TopicName } from '../choices.js';
import { asRole } from '../open-database.js';
import type { Surroundings } from '../operator-command.js';

const JOURNAL_TOPICS = {
  'smtp-users': TOPICS.smtpUsers,
  'auth-denials': TOPICS.authDenials,
  tenants: TOPICS.tenants,
} as const;
const TOPIC_OF: Readonly<Record<TopicName, string>> = { ...JOURNAL_TOPICS, 'relay-policies': RELAY_POLICIES.topic };

interface Outcome {
  readonly kind: 'filled' | 'nobody-publishes' | 'no-progress' | 'nothing-published';
  readonly message: string;
}

/** Refills all topics at the same time, so that the journal is read once. `url` is the owner's. */
export async function republish(
  url: string,
  { output, report }: Surroundings,
  names: readonly TopicName[],
): Promise<void> {
  if (await deleteWhileStopped(url, names))
    report('No service runs: the topics are deleted. The services create and fill them at their next start.');
  const outcomes = await Promise.all(
    names.map(async (topic) => ({ topic, ...(await fill(url, topic, (line) => report(`${topic}: ${line}`))) })),
  );
  if (outcomes.some(({ kind }) => kind !== 'filled')) process.exitCode = 1;
  for (const outcome of outcomes) {
    const text = outcomes.length === 1 ? outcome.message : `${outcome.topic}: ${outcome.message}`;
    output.line(output.json ? JSON.stringify(outcome) : text);
  }
}

/** Only if no service is running: otherwise starting consumers would read what a restored database lost. */
async function deleteWhileStopped(url: string, names: readonly TopicName[]): Promise<boolean> {
  const { kafka } = loadSettings(process.env);
  if (kafka === null) return false;
  return asRole(url, 'postern_feed', [], async (feed) => {
    for (const lock of [PUBLISHER_LOCK, POLICY_PUBLISHER_LOCK]) if (await isLockHeld(feed, lock)) return false;
    const topics = names.map((name) => TOPIC_OF[name]);
    await deleteOwnTopics({ kafka, feed, topicPrefix: '' }, topics);
    return true;
  });
}

function fill(url: string, name: TopicName, report: (line: string) => void): Promise<Outcome> {
  if (name === 'relay-policies')
    return asRole(url, 'postern_projection', [], async (projection) => {
      await publishAgain(projection);
      const left = () => countUnpublished(projection);
      return follow({ left, isLed: isHeld(projection, POLICY_PUBLISHER_LOCK), who: 'a projection-service' }, report);
    });
  const topic = JOURNAL_TOPICS[name];
  return asRole(url, 'postern_feed', [], async (feed) => {
    if ((await askForRepublish(feed, topic)) === 'nothing-published')
      return { kind: 'nothing-published', message: 'Nothing was published yet, so there is nothing to send again.' };
    const left = () => republishLeft(feed, topic);
    return follow({ left, isLed: isHeld(feed, PUBLISHER_LOCK), who: 'a command-service' }, report);
  });
}

const isHeld = (source: DataSource, lock: number) => () => isLockHeld(source, lock);

interface Filling {
  left(): Promise<number>;
  isLed(): Promise<boolean>;
  readonly who: string;
}

/** Another process, if there is one, replaces a dead publisher within 5 s. */
const REPLACED_WITHIN_MS = 6_000;
/** After this time without progress, the publisher has an error. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 500;
const REPORT_EVERY_MS = 5_000;
const STORED = 'The request is stored.';

/** The request stays stored, even if nobody carries it out now. */
async function follow({ left, isLed, who }: Filling, report: (line: string) => void): Promise<Outcome> {
  const began = performance.now();
  let [led, reportedAt] = [began, began];
  let last = { left: Infinity, at: began };
  for (;;) {
    const remaining = await left();
    if (remaining === 0) return { kind: 'filled', message: 'The topic is complete.' };
    const now = performance.now();
    if (remaining < last.left) last = { left: remaining, at: now };
    if (await isLed()) led = now;
    if (now - led > REPLACED_WITHIN_MS) {
      const message = `No process publishes. ${STORED} To carry it out, start ${who} on this database, with POSTERN_KAFKA_BROKERS set.`;
      return { kind: 'nobody-publishes', message };
    }
    if (now - last.at > PATIENCE_MS) {
      const message = `Nothing was sent for ${PATIENCE_MS / 1_000} s; ${remaining} messages are left. ${STORED} Read the log of ${who} and repair the cause.`;
      return { kind: 'no-progress', message };
    }
    if (now - reportedAt > REPORT_EVERY_MS) {
      reportedAt = now;
      report(`${remaining} messages are left.${led === now ? '' : ' No process publishes now.'}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
