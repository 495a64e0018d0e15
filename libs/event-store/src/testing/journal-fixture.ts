import { migrate, openDataSource, sqlMigration, type DatabaseRole } from '@postern/database';
import { createTestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { newId, type EventMetadata, type TenantId } from '@postern/contracts';
import { checkpointTableSql, journalSchema, type Append, type NewEvent } from '../index.js';

/** A journal in a database of its own, with connections as the roles that a test asks for. */
export interface JournalFixture {
  readonly url: string;
  as(role: DatabaseRole, poolSize?: number): Promise<DataSource>;
  close(): Promise<void>;
}

const READER = sqlMigration('Checkpoints1700000000001', import.meta.url, [
  {
    sql: `GRANT USAGE ON SCHEMA reader TO postern_projection;
          CREATE TABLE reader.seen (event_id uuid, stream_id text, version int);
          GRANT ALL ON reader.seen TO postern_projection`,
  },
  { sql: checkpointTableSql('reader', 'postern_projection') },
]);

export async function journalFixture(): Promise<JournalFixture> {
  const database = await createTestDatabase('journal_and_reader', async (url) => {
    await migrate(url, journalSchema);
    await migrate(url, { schema: 'reader', migrations: [READER] });
  });
  const open: DataSource[] = [];
  return {
    url: database.url,
    as: async (role, poolSize = 4) => {
      const dataSource = await openDataSource(database.url, role, { poolSize });
      open.push(dataSource);
      return dataSource;
    },
    close: async () => {
      await Promise.all(open.map((dataSource) => dataSource.destroy()));
      await database.drop();
    },
  };
}

const metadata: EventMetadata = {
  actor: { role: 'admin', keyId: newId(), name: 'ci' },
  correlationId: 'test',
  causationId: null,
};

export const acme = 'acme' as TenantId;

export function renamed(username = 'app', eventId = newId()): NewEvent {
  return { eventId, type: 'SmtpUserRenamed', data: { username, previousUsername: 'old' } };
}

export function appendOf(streamId: string, expectedVersion: number | 'any', ...events: NewEvent[]): Append {
  return { tenantId: acme, streamId, expectedVersion, events: events.length > 0 ? events : [renamed()], metadata };
}
