import { newId, type EventMetadata, type SmtpUserId, type TenantId } from '@postern/contracts';
import { migrate, openDataSource, sqlMigration } from '@postern/database';
import {
  checkpointTableSql,
  Journal,
  JOURNAL_SOURCE,
  journalSchema,
  loadCheckpoint,
  type FeedPosition,
  type NewEvent,
} from '@postern/event-store';
import { createTestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import type { EventBatch, EventBus } from '../event-bus.js';
import { isNextVersion, type AppliedVersion } from '../stream-version.js';

/** Where a bus finds the journal. */
export interface JournalAccess {
  /** Connected as `postern_feed`. */
  readonly feed: DataSource;
  /** The owner's. */
  readonly url: string;
}

/** A journal to append to, and a read side with checkpoints and a table for effects. */
export interface BusWorld {
  readonly url: string;
  readonly feed: DataSource;
  readonly checkpoints: { readonly dataSource: DataSource; readonly table: string };
  /** Adds so many events to the stream, in one append. */
  append(streamId: string, events: number): Promise<void>;
  /** A bus of its own, as in a process of its own; where the adapter has to move events, `append` has them moved. */
  bus(): EventBus;
  /** Applies a batch as a read model does: by the streams' versions. Its effect is a row an event. */
  apply(consumer: string, batch: EventBatch): Promise<void>;
  /** Empties what the consumer has applied, and where it has come to. */
  forget(consumer: string): Promise<void>;
  effects(consumer: string, streamId: string): Promise<number[]>;
  /** On the feed. */
  checkpoint(consumer: string): Promise<FeedPosition>;
  close(): Promise<void>;
}

const READER = sqlMigration('Reader1700000000001', import.meta.url, [
  {
    sql: `
  CREATE TABLE reader.effects (at bigint GENERATED ALWAYS AS IDENTITY, consumer text, stream_id text, version int);
  GRANT USAGE ON SCHEMA reader TO postern_projection;
  GRANT SELECT, INSERT ON reader.effects TO postern_projection;
  ${checkpointTableSql('reader', 'postern_projection')};
  CREATE TABLE reader.streams (consumer text, stream_id text, version int, event_id uuid, PRIMARY KEY (consumer, stream_id));
  GRANT SELECT, INSERT, UPDATE, DELETE ON reader.streams TO postern_projection;
  CREATE TABLE reader.dead_letters (consumer text, topic text, "partition" int, "offset" bigint, value bytea, reason text,
                              UNIQUE (consumer, "partition", value));
  GRANT SELECT, INSERT ON reader.dead_letters TO postern_projection`,
  },
]);

const metadata: EventMetadata = {
  actor: { role: 'admin', keyId: newId(), name: 'ci' },
  correlationId: 'test',
  causationId: null,
};

/** `move` is started once, where the adapter has to move events. */
export async function busWorld(
  makeBus: (journal: JournalAccess) => EventBus,
  move: (journal: JournalAccess) => Promise<{ stop(): Promise<void> }> = async () => ({ stop: async () => undefined }),
): Promise<BusWorld> {
  const database = await createTestDatabase('event_bus_world', async (url) => {
    await migrate(url, journalSchema);
    await migrate(url, { schema: 'reader', migrations: [READER] });
  });
  const { url } = database;
  const writer = await openDataSource(url, 'postern_journal_writer', { poolSize: 2 });
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 4 });
  const reader = await openDataSource(url, 'postern_projection', { poolSize: 6 });
  const journal = new Journal(writer);
  const mover = await move({ feed, url });
  return {
    url,
    feed,
    checkpoints: { dataSource: reader, table: 'reader.checkpoints' },
    append: async (streamId, events) => {
      const event = EVENT_OF[streamId.split('/')[0] ?? ''] ?? renamed;
      await journal.append({
        tenantId: 'acme' as TenantId,
        streamId,
        expectedVersion: 'any',
        events: Array.from({ length: events }, event),
        metadata,
      });
    },
    bus: () => makeBus({ feed, url }),
    apply: (consumer, batch) => applyByVersion(reader, consumer, batch),
    forget: (consumer) =>
      reader.transaction(async (manager) => {
        await manager.query('DELETE FROM reader.streams WHERE consumer = $1', [consumer]);
        await manager.query('DELETE FROM reader.checkpoints WHERE consumer = $1', [consumer]);
      }),
    effects: async (consumer, streamId) => {
      const rows = await reader.query<{ version: number }[]>(
        'SELECT version FROM reader.effects WHERE consumer = $1 AND stream_id = $2 ORDER BY at',
        [consumer, streamId],
      );
      return rows.map((row) => row.version);
    },
    checkpoint: (consumer) => loadCheckpoint(reader, 'reader.checkpoints', consumer, JOURNAL_SOURCE),
    close: async () => {
      await Promise.all([journal.stop(), mover.stop()]);
      await Promise.all([writer.destroy(), feed.destroy(), reader.destroy()]);
      await database.drop();
    },
  };
}

/** `between` runs after what was applied is read, and before anything is written. */
export async function applyByVersion(
  reader: DataSource,
  consumer: string,
  batch: EventBatch,
  between: () => Promise<void> = async () => undefined,
): Promise<void> {
  await reader.transaction(async (manager) => {
    const rows = await manager.query<(AppliedVersion & { stream: string })[]>(
      'SELECT stream_id AS stream, version, event_id AS "eventId" FROM reader.streams WHERE consumer = $1 AND stream_id = ANY ($2)',
      [consumer, batch.events.map(({ streamId }) => streamId)],
    );
    const applied = new Map<string, AppliedVersion>(rows.map((row) => [row.stream, row]));
    const next = batch.events.filter((event) => {
      if (!isNextVersion(event, applied.get(event.streamId))) return false;
      applied.set(event.streamId, event);
      return true;
    });
    await between();
    for (const { streamId, version, eventId } of next)
      await manager.query(APPLY, [consumer, streamId, version, eventId]);
    await batch.advance(manager);
  });
}

/** One that has read an older version writes nothing. */
const APPLY = `
  WITH written AS (
    INSERT INTO reader.streams AS known VALUES ($1, $2, $3, $4)
    ON CONFLICT (consumer, stream_id) DO UPDATE SET version = excluded.version, event_id = excluded.event_id
     WHERE known.version < excluded.version RETURNING consumer, stream_id, version)
  INSERT INTO reader.effects (consumer, stream_id, version) SELECT * FROM written`;

const renamed = (): NewEvent => ({ type: 'SmtpUserRenamed', data: { username: 'new', previousUsername: 'old' } });

function denied(): NewEvent {
  const eventId = newId();
  const login = { smtpUserId: newId<SmtpUserId>(), username: 'new', ip: '192.0.2.1', relay: 'mx1' };
  const denial = { denialId: eventId, occurredAt: '2026-01-01T00:00:00.000Z', refused: true, count: 1 };
  return {
    type: 'AuthDenied',
    eventId,
    data: { ...denial, ...login, reason: 'ip-not-authorized', mode: 'enforce' },
  };
}

const created = (): NewEvent => ({ type: 'TenantCreated', data: { tenantId: 'acme' as TenantId, name: 'Acme' } });

const EVENT_OF: Readonly<Record<string, () => NewEvent>> = { 'auth-denials': denied, tenant: created };
