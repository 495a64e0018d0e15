import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { newId, type EventMetadata, type TenantId } from '@postern/contracts';
import { migrate, openDataSource } from '@postern/database';
import { Journal, journalSchema } from '@postern/event-store';
import { Pool } from 'pg';

/** One way of making one event on a new stream durable. */
export interface Contender {
  readonly name: 'postern' | 'emmett' | 'insert';
  append(): Promise<unknown>;
  close(): Promise<void>;
}

const actor = { role: 'admin', keyId: newId(), name: 'bench' } as EventMetadata['actor'];
const tenantId = 'acme' as TenantId;
const metadata = (): EventMetadata => ({ actor, correlationId: newId(), causationId: null });
const type = 'RestrictionAdded';
const data = () => ({
  entries: [
    {
      id: newId(),
      range: '203.0.113.0/24',
      typed: '203.0.113.0/24',
      note: 'office',
      addedBy: 'bench',
      addedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
    },
  ],
});

/** The journal: group commit, version check, row-level security, NOTIFY and all. */
export async function postern(url: string): Promise<Contender> {
  await migrate(url, journalSchema);
  const writer = await openDataSource(url, 'postern_journal_writer', { poolSize: 4 });
  const journal = new Journal(writer);
  return {
    name: 'postern',
    append: () =>
      journal.append({
        tenantId,
        streamId: `smtp-user/${newId()}`,
        expectedVersion: 0,
        events: [{ type, data: data() as never }],
        metadata: metadata(),
      }),
    close: async () => {
      await journal.stop();
      await writer.destroy();
    },
  };
}

/** emmett's PostgreSQL event store, with as many connections as there are callers. */
export async function emmett(url: string, connections: number): Promise<Contender> {
  const pool = new Pool({ connectionString: url, max: connections });
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
  await store.schema.migrate();
  return {
    name: 'emmett',
    append: () =>
      store.appendToStream(`smtp-user-${newId()}`, [{ type, data: data(), metadata: metadata() }], {
        expectedStreamVersion: 'STREAM_DOES_NOT_EXIST',
      }),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

/** The least that PostgreSQL can be asked: a prepared INSERT of one row, autocommit, into a table of the journal's shape. */
export async function insert(url: string, connections: number): Promise<Contender> {
  const pool = new Pool({ connectionString: url, max: connections });
  await pool.query('CREATE SCHEMA bare; CREATE TABLE bare.events (LIKE journal.events INCLUDING ALL)');
  return {
    name: 'insert',
    append: () =>
      pool.query({
        name: 'insert',
        text: `INSERT INTO bare.events (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
        values: [
          tenantId,
          `smtp-user/${newId()}`,
          1,
          newId(),
          type,
          1,
          JSON.stringify(data()),
          JSON.stringify(metadata()),
        ],
      }),
    close: () => pool.end(),
  };
}
