import type { ApiKeyId, EntryId, SmtpUserId, TenantId } from '@postern/contracts';
import { arrayLiteral } from '@postern/database';
import type { DataSource } from 'typeorm';

/** Logins of one SMTP user from one address in one hour by one relay. */
export interface LoginRecord {
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  /** Canonical. */
  readonly ip: string;
  /** Hours since 1970, UTC. */
  readonly hour: number;
  readonly count: number;
  /** The entry that let them in; null if none did (no restriction, or report-only), or if the relay did not send it. */
  readonly entryId: EntryId | null;
  /** The relay's name, without control characters. */
  readonly relay: string;
}

export interface LoginBatch {
  readonly keyId: ApiKeyId;
  /** A UUID, unique among the batches of this key. */
  readonly batchId: string;
  /** The sender. An empty batch means that this relay reports and had no logins. */
  readonly relay: string;
  /** At most `MAX_LOGINS_PER_REPORT`: far fewer than an SMTP user may have addresses on a day. */
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
  const rows = foldedByDay(records);
  const [stored] = await writer.query<{ counted: boolean; notKept: number }[]>(STORE, [
    keyId,
    batchId,
    relay,
    ...COLUMNS.map(([, , valueOf]) => arrayLiteral(rows.map(valueOf))),
  ]);
  if (stored?.counted !== true) return { accepted: 0, duplicate: true, notKept: 0 };
  return { accepted: records.length, duplicate: false, notKept: stored.notKept };
}

/** A row to add: the logins of an SMTP user from one address on one day. */
interface Row extends Pick<LoginRecord, 'smtpUserId' | 'tenantId' | 'ip'> {
  readonly relays: string[];
  logins: number;
  first: number;
  last: number;
  entryId: string | null;
}

/** Adds up the records of a row, because one statement may change a row only once. */
function foldedByDay(records: readonly LoginRecord[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { smtpUserId, tenantId, ip, hour, count, entryId, relay } of records) {
    const id = `${smtpUserId} ${Math.floor(hour / 24)} ${ip}`;
    const known = rows.get(id);
    if (known === undefined) {
      rows.set(id, { smtpUserId, tenantId, ip, logins: count, first: hour, last: hour, entryId, relays: [relay] });
      continue;
    }
    known.logins += count;
    if (known.relays.length < MAX_RELAYS_PER_ADDRESS && !known.relays.includes(relay)) known.relays.push(relay);
    if (known.entryId === null || (entryId !== null && hour >= known.last)) known.entryId = entryId;
    known.first = Math.min(known.first, hour);
    known.last = Math.max(known.last, hour);
  }
  return [...rows.values()];
}

const COLUMNS: readonly (readonly [name: string, type: string, valueOf: (row: Row) => string | number | null])[] = [
  ['smtp_user_id', 'uuid', ({ smtpUserId }) => smtpUserId],
  ['address', 'inet', ({ ip }) => ip],
  ['tenant_id', 'text', ({ tenantId }) => tenantId],
  ['logins', 'bigint', ({ logins }) => logins],
  ['first', 'integer', ({ first }) => first],
  ['last', 'integer', ({ last }) => last],
  ['entry_id', 'uuid', ({ entryId }) => entryId],
  // As text, because the inner arrays of a PostgreSQL array must all have the same length.
  ['relays', 'text', ({ relays }) => arrayLiteral(relays)],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const ARRAYS = COLUMNS.map(([, type], i) => `$${i + 4}::${type}[]`).join(', ');

/**
 * `surplus` is empty unless an SMTP user is near the limit of a day (`filled`). Rows are locked in the order of the key, so that two batches
 * never deadlock. Of two batches with the same id, the second waits until the first commits or rolls back.
 */
const STORE = `
  WITH batch AS (
    INSERT INTO logins.batches (key_id, batch_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key_id
  ), record AS MATERIALIZED (
    SELECT date '1970-01-01' + first / 24 AS day, * FROM unnest(${ARRAYS}) AS record (${NAMES}) WHERE EXISTS (SELECT FROM batch)
  ), filled AS MATERIALIZED (
    SELECT day, smtp_user_id,
           (SELECT count(*) FROM logins.sources s WHERE (s.day, s.smtp_user_id) = (adding.day, adding.smtp_user_id)) AS held
      FROM (SELECT day, smtp_user_id, count(*) AS addresses FROM record GROUP BY day, smtp_user_id) adding
     WHERE EXISTS (SELECT FROM logins.sources s WHERE (s.day, s.smtp_user_id) = (adding.day, adding.smtp_user_id)
                   OFFSET ${MAX_ADDRESSES_PER_DAY} - addresses LIMIT 1)
  ), surplus AS MATERIALIZED (
    SELECT *
      FROM (SELECT record.*, held + row_number() OVER (PARTITION BY day, smtp_user_id) AS nth
              FROM record JOIN filled USING (day, smtp_user_id)
             WHERE NOT EXISTS (SELECT FROM logins.sources s
                                WHERE (s.day, s.smtp_user_id, s.address) = (record.day, record.smtp_user_id, record.address))) new
     WHERE nth > ${MAX_ADDRESSES_PER_DAY}
  ), kept AS (
    INSERT INTO logins.sources AS known (day, smtp_user_id, address, tenant_id, logins, first_seen_at, last_seen_at, entry_id, relays)
    SELECT day, smtp_user_id, address, tenant_id, logins, to_timestamp(first * 3600.0), to_timestamp(last * 3600.0), entry_id, relays::text[]
      FROM record WHERE (day, smtp_user_id, address) NOT IN (SELECT day, smtp_user_id, address FROM surplus)
     ORDER BY day, smtp_user_id, address
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
    SELECT day, smtp_user_id, tenant_id, sum(logins) FROM surplus
     GROUP BY day, smtp_user_id, tenant_id ORDER BY day, smtp_user_id
    ON CONFLICT (day, smtp_user_id) DO UPDATE SET logins = known.logins + excluded.logins
  ), reporter AS (
    INSERT INTO logins.reporters (key_id, relay) SELECT key_id, $3 FROM batch
    ON CONFLICT (key_id, relay) DO UPDATE SET last_reported_at = now()
  )
  SELECT EXISTS (SELECT FROM batch) AS counted,
         (SELECT coalesce(sum(logins), 0)::float8 FROM surplus) AS "notKept"`;
