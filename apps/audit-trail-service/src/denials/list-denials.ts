import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { DENIAL_REASONS, type Page, type TenantId, type UsernameKey } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { denialReasonView, modeView, rangeField, text, time, uuid, view, integer } from '@postern/http';
import { defineList, isTime, isUuid, ListQuery, pageOf, periodFields, readRows } from '@postern/lists';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { TenantScope } from '../scope.js';
import { findSmtpUser, nameFilter, ofSmtpUsersNamed, usernameFilter } from '../smtp-user/find-smtp-user.js';
import { TenantReader } from '../tenant-reader.js';

export const denialFilters = {
  ip: rangeField.optional().meta({ description: 'An address or a range.', examples: ['203.0.113.0/24'] }),
  username: usernameFilter,
  relay: nameFilter.optional().meta({ description: 'The relay’s name, as in its denials.', examples: ['mx1'] }),
  reason: z.enum(DENIAL_REASONS, `Give one of ${DENIAL_REASONS.join(', ')}.`).optional(),
  refused: z
    .enum(['true', 'false'], 'Give true or false.')
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: '`true`: refused logins. `false`: logins that `report-only` let through.' }),
};

export const denials = defineList({
  name: 'denials',
  page: 'DenialPage',
  item: view('Denial', 'One refused login, or in `report-only` one that would have been.', {
    id: uuid('019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b'),
    occurredAt: time('2026-11-01T08:00:00.000Z', 'By the relay’s clock.'),
    recordedAt: time('2026-11-01T08:00:00.120Z'),
    tenantId: text('acme'),
    smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
    username: text('app@acme.example'),
    ip: text('203.0.113.9', 'The address in canonical form; for `source-ip-invalid` the text that the relay received.'),
    relay: text('mx1'),
    reason: denialReasonView,
    mode: modeView,
    refused: z.boolean().meta({ description: 'False: `report-only` let the login through.' }),
    count: integer(1, 1, 'The number of logins. During a flood, one denial counts many.'),
  }),
  order: { occurredAt: isTime, id: isUuid },
  filters: {
    ...periodFields(),
    ...denialFilters,
  },
});
export type Denial = z.infer<typeof denials.item>;
export type DenialsParams = z.infer<typeof denials.query>;

export class ListDenials extends ListQuery<Denial, TenantScope, DenialsParams> {}

@QueryHandler(ListDenials)
export class ListDenialsHandler extends TenantReader implements IQueryHandler<ListDenials> {
  /** Each page continues after the last row of the previous one, so an export needs no transaction. */
  execute({ scope, params }: ListDenials): Promise<Page<Denial>> {
    return inTenant(this.audit, scope.tenantId, async (manager) => {
      const conditions = await denialConditions(manager, scope, params);
      if (conditions === null) return { items: [], nextCursor: null };
      let rows = sql`SELECT ${DENIAL_COLUMNS} FROM audit.denials WHERE ${join(conditions, ' AND ')}`;
      await manager.query(BY_INDEX);
      if (params.ip !== undefined && (await areFew(manager, byTimeAndAddress(scope, params))))
        rows = sql`WITH found AS MATERIALIZED (${rows}) SELECT * FROM found`;
      else await manager.query(ONLY_IN_ORDER);
      rows = sql`${rows} ORDER BY "occurredAt" DESC, id DESC LIMIT ${params.limit + 1}`;
      return pageOf(await readRows<Denial>(manager, rows), params, denials.order);
    });
  }
}

export const DENIAL_COLUMNS =
  raw(`id, occurred_at AS "occurredAt", recorded_at AS "recordedAt", tenant_id AS "tenantId",
  smtp_user_id AS "smtpUserId", username, ip, relay, reason, mode, refused, count`);

type Filters = Omit<DenialsParams, 'limit' | 'bom'>;

/** Conditions for `audit.denials`; null if nothing can match. @throws `smtp-user-not-found`. */
export async function denialConditions(
  manager: EntityManager,
  scope: TenantScope,
  params: Filters,
): Promise<Sql[] | null> {
  if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
  const ofUser = params.username === undefined ? [] : await byUsername(manager, scope.tenantId, params.username);
  return ofUser && [...byTimeAndAddress(scope, params), ...byOthers(scope, params), ...ofUser];
}

function byTimeAndAddress({ tenantId }: TenantScope, { from, to, cursor, ip }: Filters): Sql[] {
  const conditions = [sql`tenant_id = ${tenantId}`, sql`occurred_at >= (SELECT kept_from FROM audit.denial_retention)`];
  if (from !== undefined) conditions.push(sql`occurred_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`occurred_at < ${to}::timestamptz`);
  if (cursor) conditions.push(sql`(occurred_at, id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)`);
  // Comparisons instead of <<=, which is not leakproof: row-level security would prevent the index.
  if (ip !== undefined)
    conditions.push(
      sql`address BETWEEN host(network(${ip.text}::inet))::inet AND host(broadcast(${ip.text}::inet))::inet`,
    );
  return conditions;
}

function byOthers({ smtpUserId }: TenantScope, { relay, reason, refused }: Filters): Sql[] {
  const conditions = [];
  if (smtpUserId !== null) conditions.push(sql`smtp_user_id = ${smtpUserId}`);
  if (relay !== undefined) conditions.push(sql`relay = ${relay}`);
  if (reason !== undefined) conditions.push(sql`reason = ${reason}`);
  if (refused !== undefined) conditions.push(sql`refused = ${refused}`);
  return conditions;
}

/** By the users, which have an index; a user may have denials under its other names. Null: nobody ever had the name. */
async function byUsername(manager: EntityManager, tenantId: TenantId, username: UsernameKey): Promise<Sql[] | null> {
  const users = await ofSmtpUsersNamed(manager, tenantId, username);
  return (
    users && [
      users,
      // COLLATE "C": only A to Z, whatever the database's locale. CASE, because PostgreSQL expects an equality of lower()
      // to match hardly any row, but here nearly all match.
      sql`CASE WHEN lower(username COLLATE "C") = ${username} THEN true ELSE false END`,
    ]
  );
}

/** Up to this number they are fetched by address and sorted. Of more, walking the newest denials soon fills a page. */
const FEW = 2_000;

async function areFew(manager: EntityManager, conditions: readonly Sql[]): Promise<boolean> {
  const [row] = await readRows<{ few: boolean }>(
    manager,
    sql`SELECT count(*) < ${FEW} AS few FROM (SELECT FROM audit.denials WHERE ${join(conditions, ' AND ')} LIMIT ${FEW}) found`,
  );
  return row?.few ?? true;
}

/** For this transaction: a bitmap would collect all matches, but only a page is needed. */
const BY_INDEX = `SELECT set_config('enable_bitmapscan', 'off', true)`;

/** PostgreSQL expects a handful of rows, and would fetch and sort all denials of the user: 31 ms for 2,800 of them, and 0.3 ms in order. */
const ONLY_IN_ORDER = `SELECT set_config('enable_sort', 'off', true)`;
