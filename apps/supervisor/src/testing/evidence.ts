import { RELAY_POLICIES_TOPIC, TOPICS } from '@postern/contracts';
import type { RelayClient } from '@postern/relay-client';
import {
  asking,
  followTopic,
  metricOf,
  onDatabase,
  type FollowedTopic,
  type ReadMessage,
  type ServicesWorld,
  openClient,
} from '@postern/testing';
import type pg from 'pg';
import { RELAY_OF_LOAD, type UserModel } from './seeded-load.js';

/** What a part of Postern holds of one user, each as text, so that a difference is read at a glance. */
export type Evidence = Readonly<Record<string, unknown>>;

/** What every part must hold after what was acknowledged. */
export function expectedEvidence(models: readonly UserModel[]): Evidence {
  const histories = byUser(models, historyOf);
  const policies = byUser(models, policyOf);
  return {
    journal: histories,
    changesOnRecord: histories,
    smtpUsersTopic: histories,
    policies: [policies, policies],
    policiesTopic: policies,
    policiesTopicInOrder: true,
    replica: byUser(models, ({ entries, removed, mode }) => [
      ...entries.map(({ range }) => `${range} allow entry-matched`),
      ...(entries.length > 0 ? removed.map((range) => `${range} ${refusal(mode)}`) : []),
    ]),
    replicaMismatches: 0,
    denials: byUser(models, ({ denials }) => [...denials.values()].flat().toSorted()),
    deniedIps: byUser(models, ({ denials }) => [...denials].map(([ip, ids]) => `${ip} ${ids.length}`).toSorted()),
  };
}

/** Looks at every part, as often as it is asked. */
export class Witness {
  private constructor(
    private readonly world: ServicesWorld,
    private readonly relay: RelayClient,
    private readonly client: pg.Client,
    private readonly smtpUsers: FollowedTopic,
    private readonly relayPolicies: FollowedTopic,
  ) {}

  static async of(world: ServicesWorld, relay: RelayClient): Promise<Witness> {
    const client = await openClient(world.databaseUrl);
    const topics = await Promise.all(
      [TOPICS.smtpUsers, RELAY_POLICIES_TOPIC].map((topic) => followTopic(world.brokers, topic)),
    );
    const [smtpUsers, relayPolicies] = topics as [FollowedTopic, FollowedTopic];
    return new Witness(world, relay, client, smtpUsers, relayPolicies);
  }

  async end(): Promise<void> {
    await Promise.all([this.client.end(), this.smtpUsers.stop(), this.relayPolicies.stop()]);
  }

  /** What they hold now. */
  async evidence(models: readonly UserModel[]): Promise<Evidence> {
    const { world, relay, client } = this;
    const { rows: journal } = await client.query<EventRow>(
      'SELECT stream_id, type, data FROM journal.events ORDER BY xid, position',
    );
    const { rows: onRecord } = await client.query<EventRow>(
      `SELECT 'smtp-user/' || smtp_user_id AS stream_id, type, data FROM audit.changes ORDER BY smtp_user_id, version`,
    );
    const published = this.relayPolicies.messages;
    return {
      journal: histories(models, journal),
      changesOnRecord: histories(models, onRecord),
      smtpUsersTopic: histories(models, onceEach(this.smtpUsers.messages)),
      policies: await Promise.all(
        world.instances('projection-service').map(({ url }) => policiesAt(url, world.relayKey, models)),
      ),
      policiesTopic: policies(
        models,
        published.map(({ value }) => JSON.parse(value).data),
      ),
      policiesTopicInOrder: inOrder(published),
      replica: byUser(models, ({ user, entries, removed }) =>
        [...entries.map(({ range }) => range), ...(entries.length > 0 ? removed : [])].map((range) => {
          const { decision, reason } = relay.peek(user.username, range);
          return `${range} ${decision} ${reason}`;
        }),
      ),
      replicaMismatches: relay.status().digestMismatches,
      ...(await denialsIn(client, models)),
    };
  }
}

/** Nothing waits any more: not on its way to Kafka, and not at a consumer. */
export async function waitingEvents(world: ServicesWorld): Promise<number> {
  const all = (['command-service', 'projection-service', 'audit-trail-service'] as const).flatMap((service) =>
    world.instances(service),
  );
  const lags = await Promise.all(all.map((each) => metricOf(each, /^postern_feed_lag_events\{/)));
  return lags.reduce((sum, lag) => sum + lag, 0);
}

/** The newest revision of the relay policies, and the one up to which they were written to their topic. */
export async function policiesWritten(databaseUrl: string): Promise<{ revision: number; published: number }> {
  const { rows } = await onDatabase(databaseUrl, (client) =>
    client.query<{ revision: number; published: number }>(
      `SELECT totals.revision::integer, publication.revision::integer AS published
         FROM projection.relay_policy_totals totals, projection.relay_policy_publication publication`,
    ),
  );
  return rows[0] ?? { revision: 0, published: 0 };
}

function byUser<T>(models: readonly UserModel[], of: (model: UserModel) => T): Record<string, T> {
  return Object.fromEntries(models.map((model) => [model.user.username, of(model)]));
}

function historyOf({ user, changes }: UserModel): string[] {
  return [`SmtpUserRegistered ${user.username}`, ...changes.map(({ type, what }) => `${type} ${what}`)];
}

function policyOf({ changes, mode, entries }: UserModel): string {
  return `version ${changes.length + 1}, ${mode}: ${entries.map(({ range }) => range).join(' ')}`;
}

function refusal(mode: UserModel['mode']): string {
  return `${mode === 'enforce' ? 'deny' : 'allow'} ip-not-authorized`;
}

interface EventRow {
  readonly stream_id: string;
  readonly type: string;
  readonly data: {
    readonly username?: string;
    readonly mode?: string;
    readonly entries?: { readonly range: string }[];
  };
}

function histories(models: readonly UserModel[], events: readonly EventRow[]) {
  return byUser(models, ({ user }) =>
    events
      .filter(({ stream_id }) => stream_id === `smtp-user/${user.id}`)
      .map(
        ({ type, data: { username, mode, entries } }) =>
          `${type} ${username ?? mode ?? entries?.map(({ range }) => range)}`,
      ),
  );
}

interface PolicyLine {
  readonly username: string;
  readonly version: number;
  readonly revision: number;
  readonly mode: string;
  readonly entries: readonly { readonly range: string }[];
}

/** Of several of one user the last counts. */
function policies(models: readonly UserModel[], lines: readonly PolicyLine[]) {
  const last = new Map(lines.map((line) => [line.username, line]));
  return byUser(models, ({ user }) => {
    const line = last.get(user.username);
    return line && `version ${line.version}, ${line.mode}: ${line.entries.map(({ range }) => range).join(' ')}`;
  });
}

async function policiesAt(url: string, key: string, models: readonly UserModel[]) {
  const { body } = await asking(url, key)('GET', '/v1/relay/policies');
  const lines = String(body).trim().split('\n');
  return policies(
    models,
    lines.map((line) => JSON.parse(line)),
  );
}

/** The events of a topic in its order: another leader may send again what the one before it had sent. */
function onceEach(messages: readonly ReadMessage[]): EventRow[] {
  const events = messages.map(({ value }) => JSON.parse(value));
  // A map keeps the place of the first.
  const once = new Map(events.map((event) => [event.id, event]));
  return [...once.values()].map(({ subject, type, data }) => ({ stream_id: subject, type: type.split('.')[1], data }));
}

/** A reader never sees an older policy of a username behind a newer one. */
function inOrder(messages: readonly ReadMessage[]): boolean {
  const last = new Map<string, number>();
  return messages.every(({ key, value }) => {
    const { revision } = (JSON.parse(value) as { data: PolicyLine }).data;
    const before = last.get(key) ?? 0;
    last.set(key, revision);
    return revision >= before;
  });
}

async function denialsIn(client: pg.Client, models: readonly UserModel[]) {
  const { rows: denials } = await client.query<{ id: string; smtp_user_id: string }>(
    'SELECT id, smtp_user_id FROM audit.denials WHERE relay = $1 ORDER BY id',
    [RELAY_OF_LOAD],
  );
  const { rows: ips } = await client.query<{ smtp_user_id: string; published: string }>(
    `SELECT smtp_user_id, ip || ' ' || count AS published FROM audit.denied_ips ORDER BY ip`,
  );
  const ofUser = <Row extends { readonly smtp_user_id: string }>(rows: readonly Row[], { user }: UserModel) =>
    rows.filter(({ smtp_user_id }) => smtp_user_id === user.id);
  return {
    denials: byUser(models, (model) => ofUser(denials, model).map(({ id }) => id)),
    deniedIps: byUser(models, (model) => ofUser(ips, model).map(({ published }) => published)),
  };
}
