import { newId } from '@postern/contracts';
import { openClient } from './test-database.js';
import { recorded, METADATA, type Happened } from './smtp-user-histories.js';

/** For tests: an event with a given time of recording and schema version (default 1). */
export interface Dated {
  readonly at: string;
  readonly schemaVersion?: number;
  readonly happened: Happened;
}

/** Puts events into the journal as the owner, with a past of their own: through the front door the database sets the time. */
export async function insertBackdated(ownerUrl: string, history: readonly Dated[]): Promise<void> {
  const client = await openClient(ownerUrl);
  try {
    for (const [i, { streamId, tenantId, version, type, data }] of recorded(history.map((h) => h.happened)).entries()) {
      await client.query(
        `INSERT INTO journal.events (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [tenantId, streamId, version, newId(), type, history[i]?.schemaVersion ?? 1, data, METADATA, history[i]?.at],
      );
    }
  } finally {
    await client.end();
  }
}
