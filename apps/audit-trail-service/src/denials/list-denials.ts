import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { type PageRequest, pageOf } from '@postern/lists';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import type { DenialReason, Mode, SmtpUserId, TenantId, Page, Denial } from '@postern/contracts';
import { type DenialFilter, type DenialScope, denialConditions, type DenialConditions } from './denial-filter.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';

/** Denials, the newest first. */
export class ListDenials extends Query<Page<Denial>> {
  constructor(
    readonly scope: DenialScope,
    readonly filter: DenialFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListDenials)
export class ListDenialsHandler implements IQueryHandler<ListDenials> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  async execute({ scope, filter, page }: ListDenials): Promise<Page<Denial>> {
    const denials = await inTenant(this.dataSource, scope.tenantId, async (manager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return readDenials(manager, scope, filter, { ...page, limit: page.limit + 1 });
    });
    return pageOf(denials, page.limit, (denial) => [denial.occurredAt, denial.id]);
  }
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

/**
 * The next denials of the scope, newest first, at most `limit`. One page after the other by its last row, they are all
 * that were there at the beginning, each once, whatever is added meanwhile: so an export can read them too, holding
 * no more than a page and no transaction. Within `inTenant`, as `postern_audit_reader`.
 */
async function readDenials(
  manager: EntityManager,
  scope: DenialScope,
  filter: DenialFilter,
  { limit, after }: PageRequest,
): Promise<Denial[]> {
  const conditions = await denialConditions(manager, scope, filter, after);
  if (conditions === null) return [];
  await manager.query(BY_INDEX);
  const denials = `SELECT ${COLUMNS} FROM audit.denials WHERE ${conditions.sql}`;
  if (filter.range !== undefined && (await isFew(manager, conditions))) {
    const found = `WITH found AS MATERIALIZED (${denials}) SELECT * FROM found`;
    return newest(manager, found, conditions, limit);
  }
  await manager.query(ONLY_IN_ORDER);
  return newest(manager, denials, conditions, limit);
}

const COLUMNS =
  'id, occurred_at, recorded_at, tenant_id, smtp_user_id, username, ip, relay, reason, mode, refused, count';

async function newest(
  manager: EntityManager,
  denials: string,
  { parameters }: DenialConditions,
  limit: number,
): Promise<Denial[]> {
  const sql = `${denials} ORDER BY occurred_at DESC, id DESC LIMIT $${parameters.length + 1}`;
  const rows = await manager.query<DenialRecord[]>(sql, [...parameters, limit]);
  return rows.map(denialOf);
}

/** So many are fetched by their addresses and sorted. Where there are more, a page of them is soon met on the way. */
const FEW = 2_000;

/** Whether the denials of the range are few: then they are all found first, else the newest are looked for in order. */
async function isFew(manager: EntityManager, { inIndex }: DenialConditions): Promise<boolean> {
  const sql = `SELECT count(*) < ${FEW} AS few FROM (SELECT FROM audit.denials WHERE ${inIndex.sql} LIMIT ${FEW}) found`;
  const [row] = await manager.query<{ few: boolean }[]>(sql, [...inIndex.parameters]);
  return row?.few ?? true;
}

/** In this transaction: a bitmap is of all that fulfil a condition, and what is wanted here are a page's. */
const BY_INDEX = `SELECT set_config('enable_bitmapscan', 'off', true)`;

/**
 * The page is found by walking an index from the newest denial on. PostgreSQL multiplies the odds of tenant and user as if
 * they had nothing to do with each other, expects a handful of rows, and would fetch and sort all that a user has: 31 ms
 * for 2,800 of them, and 0.3 in order.
 */
const ONLY_IN_ORDER = `SELECT set_config('enable_sort', 'off', true)`;

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
