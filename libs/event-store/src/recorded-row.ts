import { schemaVersionOf, upcast, type Recorded } from '@postern/contracts';

/** A row of `journal.events` as `pg` gives it; `bigint` comes as text. */
export interface EventRow {
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
  'position, tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at';

/** The event as today's readers know it: the one place where old ones are lifted. Throws `EventNewerThanProgram`. */
export function recordedOf(row: EventRow): Recorded {
  return {
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
