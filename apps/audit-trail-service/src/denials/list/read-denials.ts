import type { DenialReason, Mode, SmtpUserId, TenantId } from '@postern/contracts';
import type { IpRange } from '@postern/ip-ranges';
import type { PageRequest } from '@postern/service-kit';
import type { EntityManager } from 'typeorm';
import { smtpUsersOfName } from '../../smtp-user/find-smtp-user.js';
import type { DenialFilter } from './denial-filter.js';

/** A denial as the HTTP API shows it. */
export interface Denial {
  readonly id: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly tenantId: TenantId;
  readonly smtpUserId: SmtpUserId;
  readonly username: string;
  readonly ip: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  readonly refused: boolean;
  readonly count: number;
}

/** The columns of CSV. */
export const DENIAL_COLUMNS = [
  'id',
  'occurredAt',
  'recordedAt',
  'tenantId',
  'smtpUserId',
  'username',
  'ip',
  'relay',
  'reason',
  'mode',
  'refused',
  'count',
] as const satisfies readonly (keyof Denial)[];

/** Whose denials. */
export interface DenialScope {
  readonly tenantId: TenantId;
  /** Null: those of all SMTP users of the tenant. */
  readonly smtpUserId: string | null;
}

/**
 * The next denials of the scope, newest first, at most `limit`. One page after the other by its last row, they are all
 * that were there at the beginning, each once, whatever is added meanwhile: so an export can read them too, holding
 * no more than a page and no transaction. Within `inTenant`, as `postern_audit_reader`.
 */
export async function readDenials(
  manager: EntityManager,
  scope: DenialScope,
  filter: DenialFilter,
  { limit, after }: PageRequest,
): Promise<Denial[]> {
  const parameters: unknown[] = [];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const conditions = [
    `tenant_id = ${value(scope.tenantId)}`,
    'occurred_at >= (SELECT kept_from FROM audit.denial_retention)',
  ];
  // By way of the users, whose index there is; a user may have been reported by another of its names.
  const named = filter.username === undefined ? null : await smtpUsersOfName(manager, scope.tenantId, filter.username);
  if (named?.length === 0) return [];
  if (scope.smtpUserId !== null) conditions.push(`smtp_user_id = ${value(scope.smtpUserId)}`);
  if (named !== null) {
    // As CASE, since PostgreSQL takes an equality of lower() for one that hardly a row fulfils: nearly all do here.
    conditions.push(
      named.length === 1 ? `smtp_user_id = ${value(named[0])}` : `smtp_user_id = ANY (${value(named)}::uuid[])`,
      `CASE WHEN lower(username) = ${value(filter.username)} THEN true ELSE false END`,
    );
  }
  if (isWide(filter.range) && (named?.length ?? 1) === 1) await manager.query(ONLY_IN_ORDER);
  if (filter.from !== undefined) conditions.push(`occurred_at >= ${value(filter.from)}::timestamptz`);
  if (filter.to !== undefined) conditions.push(`occurred_at < ${value(filter.to)}::timestamptz`);
  if (filter.range !== undefined) {
    // Compared, and not by <<=, which is not leakproof: row-level security would keep it out of the index.
    const range = `${value(filter.range.text)}::inet`;
    conditions.push(`address BETWEEN host(network(${range}))::inet AND host(broadcast(${range}))::inet`);
  }
  if (filter.relay !== undefined) conditions.push(`relay = ${value(filter.relay)}`);
  if (filter.reason !== undefined) conditions.push(`reason = ${value(filter.reason)}`);
  if (filter.refused !== undefined) conditions.push(`refused = ${value(filter.refused)}`);
  if (after) conditions.push(`(occurred_at, id) < (${value(after[0])}::timestamptz, ${value(after[1])}::uuid)`);
  const rows = await manager.query<DenialRecord[]>(
    `SELECT id, occurred_at, recorded_at, tenant_id, smtp_user_id, username, ip, relay, reason, mode, refused, count
       FROM audit.denials WHERE ${conditions.join(' AND ')}
      ORDER BY occurred_at DESC, id DESC LIMIT ${value(limit)}`,
    parameters,
  );
  return rows.map(denialOf);
}

/** An IPv4 range this wide, or wider, has so many denials that a page of them is soon met on the way. */
const WIDE_PREFIX = { IPv4: 12, IPv6: 32 } as const;

/** Only of a narrow range a page is best found by its addresses, and then sorted. */
function isWide(range: IpRange | undefined): boolean {
  return range === undefined || range.prefix <= WIDE_PREFIX[range.family];
}

/**
 * Has the page be found by walking an index from the newest denial on, in this transaction. PostgreSQL multiplies the odds of tenant and user as if they had nothing to do with each other,
 * expects a handful of rows, and would fetch and sort all that a user has: 31 ms for 2,800 of them, and 0.3 in order.
 */
const ONLY_IN_ORDER = `SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`;

interface DenialRecord {
  readonly id: string;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly tenant_id: TenantId;
  readonly smtp_user_id: SmtpUserId;
  readonly username: string;
  readonly ip: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  readonly refused: boolean;
  readonly count: number;
}

function denialOf(row: DenialRecord): Denial {
  return {
    id: row.id,
    occurredAt: row.occurred_at.toISOString(),
    recordedAt: row.recorded_at.toISOString(),
    tenantId: row.tenant_id,
    smtpUserId: row.smtp_user_id,
    username: row.username,
    ip: row.ip,
    relay: row.relay,
    reason: row.reason,
    mode: row.mode,
    refused: row.refused,
    count: row.count,
  };
}
