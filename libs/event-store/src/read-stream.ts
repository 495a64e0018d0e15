import { withoutSecrets, type Recorded, type StreamCategory, schemaVersionOf, upcast } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';

/** Empty for another tenant's stream: call it inside `inTenant` as `postern_command`. */
export async function readStream(
  from: EntityManager | DataSource,
  streamId: string,
  afterVersion = 0,
): Promise<Recorded[]> {
  const rows = await from.query<EventRow[]>(
    `SELECT ${EVENT_COLUMNS} FROM journal.events WHERE stream_id = $1 AND version > $2 ORDER BY version`,
    [streamId, afterVersion],
  );
  return rows.map(recordedOf);
}

/** An event of a stream; `LAST_VERSION` is the stream's end. */
export interface StreamPosition {
  readonly streamId: string;
  readonly version: number;
}

export const LAST_VERSION = 2_147_483_647;

/** Stream by stream in the order of their ids, none after `lastStream`, without secrets. Uses events_stream_version. For the owner's rebuild and verify. */
export async function readStreams(
  from: EntityManager | DataSource,
  category: StreamCategory,
  after: StreamPosition,
  limit: number,
  lastStream?: string,
): Promise<Recorded[]> {
  // '0' is the character after '/'.
  const [bound, last] = lastStream === undefined ? ['<', `${category}0`] : ['<=', lastStream];
  const rows = await from.query<EventRow[]>(
    `SELECT ${EVENT_COLUMNS} FROM journal.events
      WHERE (stream_id, version) > ($1, $2::integer) AND stream_id ${bound} $3 ORDER BY stream_id, version LIMIT $4`,
    [after.streamId, after.version, last, limit],
  );
  return rows.map((row) => withoutSecrets(recordedOf(row)));
}

/** A row of `journal.events` from `pg`; `xid8` and `bigint` come as text. */
export interface EventRow {
  readonly xid: string;
  readonly position: string;
  readonly tenant_id: string | null;
  readonly stream_id: string;
  readonly version: number;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly recorded_at: Date;
}

export const EVENT_COLUMNS =
  'xid, position, tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at';

/** With data of the newest version. Nothing else converts old events. @throws `EventNewerThanProgram`. */
export function recordedOf(row: EventRow): Recorded {
  return {
    xid: row.xid,
    position: Number(row.position),
    tenantId: row.tenant_id,
    streamId: row.stream_id,
    version: row.version,
    eventId: row.event_id,
    type: row.type,
    schemaVersion: schemaVersionOf(row.type),
    data: upcast(row.type, row.schema_version, row.data),
    metadata: row.metadata,
    recordedAt: row.recorded_at.toISOString(),
  } as Recorded;
}
