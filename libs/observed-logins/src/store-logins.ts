import type { ApiKeyId, EntryId, SmtpUserId, TenantId } from '@postern/contracts';
import type { DataSource } from 'typeorm';

/** Logins of one SMTP user from one address in one hour by one relay. */
export interface LoginRecord {
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  /** Canonical. */
  readonly ip: string;
  /** The beginning of the hour: RFC 3339, UTC, milliseconds. */
  readonly hour: string;
  readonly count: number;
  /** The entry that let them in; null if none did (no restriction, or report-only), or if the relay did not send it. */
  readonly entryId: EntryId | null;
  /** The relay's name, on one line. */
  readonly relay: string;
}

export interface LoginBatch {
  readonly keyId: ApiKeyId;
  /** A UUID, unique among the batches of this key. */
  readonly batchId: string;
  /** The sender. An empty batch means that this relay reports and had no logins. */
  readonly relay: string;
  readonly records: readonly LoginRecord[];
}

export interface StoredLogins {
  /** Records that were counted. */
  readonly accepted: number;
  readonly duplicate: boolean;
  /** Logins of the accepted records from addresses beyond `MAX_ADDRESSES_PER_DAY`. */
  readonly notKept: number;
}

/** Distinct addresses of an SMTP user and day. Logins from further addresses are counted without their address. */
export const MAX_ADDRESSES_PER_DAY = 10_000;
/** Relays stored per address and day: enough to know where to look, and a row stays small. */
export const MAX_RELAYS_PER_ADDRESS = 10;

/**
 * Counts the logins of a batch, unless it was counted before. One statement, so all or nothing. As `postern_logins_writer`.
 * Two batches at the same time do not see each other's addresses. Together they may exceed `MAX_ADDRESSES_PER_DAY` by their length.
 */
export async function storeLogins(
  writer: DataSource,
  { keyId, batchId, relay, records }: LoginBatch,
): Promise<StoredLogins> {
  const days = foldedByDay(records);
  const [stored] = await writer.query<{ counted: boolean; notKept: number }[]>(STORE, [
    keyId,
    batchId,
    relay,
    ...COLUMNS.map(([, , valueOf]) => days.map(valueOf)),
  ]);
  if (stored?.counted !== true) return { accepted: 0, duplicate: true, notKept: 0 };
  return { accepted: records.length, duplicate: false, notKept: stored.notKept };
}

/** A row to add: the logins of an SMTP user from one address on one day. */
interface Day {
  readonly record: LoginRecord;
  readonly day: string;
  /** The number of this address among those of the user and day in the batch, from 1. */
  readonly nth: number;
  readonly relays: Set<string>;
  logins: number;
  first: string;
  last: string;
  entryId: string | null;
}

/** Adds up the records of a row, because one statement may change a row only once. */
function foldedByDay(records: readonly LoginRecord[]): Day[] {
  const days = new Map<string, Day>();
  const addresses = new Map<string, number>();
  for (const record of records) {
    const { smtpUserId, ip, hour, count, entryId, relay } = record;
    const day = hour.slice(0, 10);
    const userDay = `${smtpUserId} ${day}`;
    const id = `${userDay} ${ip}`;
    const known = days.get(id);
    if (known === undefined) {
      const nth = (addresses.get(userDay) ?? 0) + 1;
      addresses.set(userDay, nth);
      days.set(id, { record, day, nth, relays: new Set([relay]), logins: count, first: hour, last: hour, entryId });
      continue;
    }
    known.logins += count;
    known.relays.add(relay);
    if (known.entryId === null || (entryId !== null && hour >= known.last)) known.entryId = entryId;
    if (hour < known.first) known.first = hour;
    if (hour > known.last) known.last = hour;
  }
  return [...days.values()];
}

const COLUMNS: readonly (readonly [name: string, type: string, valueOf: (day: Day) => unknown])[] = [
  ['day', 'date', ({ day }) => day],
  ['smtp_user_id', 'uuid', ({ record }) => record.smtpUserId],
  ['address', 'inet', ({ record }) => record.ip],
  ['tenant_id', 'text', ({ record }) => record.tenantId],
  ['logins', 'bigint', ({ logins }) => logins],
  ['first_seen_at', 'timestamptz', ({ first }) => first],
  ['last_seen_at', 'timestamptz', ({ last }) => last],
  ['entry_id', 'uuid', ({ entryId }) => entryId],
  ['nth', 'integer', ({ nth }) => nth],
  // As text, because the inner arrays of a PostgreSQL array must all have the same length.
  ['relay_lines', 'text', ({ relays }) => [...relays].slice(0, MAX_RELAYS_PER_ADDRESS).join('\n')],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const ARRAYS = COLUMNS.map(([, type], i) => `$${i + 4}::${type}[]`).join(', ');
const ADDED = 'day, smtp_user_id, address, tenant_id, logins, first_seen_at, last_seen_at, entry_id';

/**
 * Only users near the limit of a day are in `filled`; only their records are looked up one by one. Rows are locked in the order of the key,
 * so that two batches never deadlock. Of two batches with the same id, the second waits until the first commits or rolls back.
 */
const STORE = `
  WITH batch AS (
    INSERT INTO logins.batches (key_id, batch_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key_id
  ), record AS MATERIALIZED (
    SELECT * FROM unnest(${ARRAYS}) AS record (${NAMES}) WHERE EXISTS (SELECT FROM batch)
  ), filled AS MATERIALIZED (
    SELECT day, smtp_user_id, held
      FROM (SELECT day, smtp_user_id, max(nth) AS adding FROM record GROUP BY day, smtp_user_id) user_day,
           LATERAL (SELECT count(*) AS held FROM (
             SELECT FROM logins.sources s WHERE s.day = user_day.day AND s.smtp_user_id = user_day.smtp_user_id
              LIMIT ${MAX_ADDRESSES_PER_DAY}) s) counted
     WHERE held + adding > ${MAX_ADDRESSES_PER_DAY}
  ), judged AS MATERIALIZED (
    SELECT record.*, held IS NULL OR held + nth <= ${MAX_ADDRESSES_PER_DAY} OR EXISTS (
             SELECT FROM logins.sources s WHERE (s.day, s.smtp_user_id, s.address) = (record.day, record.smtp_user_id, record.address)
           ) AS kept
      FROM record LEFT JOIN filled USING (day, smtp_user_id)
  ), kept AS (
    INSERT INTO logins.sources AS known (${ADDED}, relays)
    SELECT ${ADDED}, string_to_array(relay_lines, E'\\n') FROM judged WHERE kept ORDER BY day, smtp_user_id, address
    ON CONFLICT (day, smtp_user_id, address) DO UPDATE SET
      logins = known.logins + excluded.logins,
      first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
      last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
      entry_id = CASE WHEN excluded.last_seen_at >= known.last_seen_at THEN coalesce(excluded.entry_id, known.entry_id)
                      ELSE coalesce(known.entry_id, excluded.entry_id) END,
      relays = CASE WHEN known.relays @> excluded.relays THEN known.relays
                    ELSE (known.relays || ARRAY(SELECT new FROM unnest(excluded.relays) AS new WHERE new <> ALL (known.relays)))
                         [1 : ${MAX_RELAYS_PER_ADDRESS}] END
  ), not_kept AS (
    INSERT INTO logins.overflow AS known (day, smtp_user_id, tenant_id, logins)
    SELECT day, smtp_user_id, tenant_id, sum(logins) FROM judged WHERE NOT kept
     GROUP BY day, smtp_user_id, tenant_id ORDER BY day, smtp_user_id
    ON CONFLICT (day, smtp_user_id) DO UPDATE SET logins = known.logins + excluded.logins
  ), reporter AS (
    INSERT INTO logins.reporters (key_id, relay) SELECT key_id, $3 FROM batch
    ON CONFLICT (key_id, relay) DO UPDATE SET last_reported_at = now()
  )
  SELECT EXISTS (SELECT FROM batch) AS counted,
         (SELECT coalesce(sum(logins), 0)::float8 FROM judged WHERE NOT kept) AS "notKept"`;
