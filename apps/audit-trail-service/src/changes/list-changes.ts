import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import {
  whatChanged,
  type Actor,
  type Page,
  type SessionId,
  type TenantId,
  type SmtpUserId,
  EVENT_TYPES_OF_TOPIC,
} from '@postern/contracts';
import { inTenant, ofNoTenant } from '@postern/database';
import { oneOfSoFar, roleView, text, time, uuid, view, viewOf, integer } from '@postern/http';
import { defineList, isPosition, isTime, ListQuery, pageOf, periodFields, readRows } from '@postern/lists';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { findSmtpUser, nameFilter, ofSmtpUsersNamed, usernameFilter } from '../smtp-user/find-smtp-user.js';
import { TenantReader } from '../tenant-reader.js';

export const actorView = viewOf<Actor>('Actor', 'The API key that was used, with the role and name that it had.', {
  role: roleView,
  keyId: text('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  name: text('ci'),
  sessionId: uuid<SessionId>(
    '019ab1c3-2b4d-7f10-9c6e-8d7a6b5c4e3f',
    'The browser session that used the key. Absent if the key was used directly.',
  ).exactOptional(),
});

export const changes = defineList({
  name: 'changes',
  page: 'ChangePage',
  item: view('Change', 'Who changed what, when, and by which request.', {
    eventId: uuid('019ab1c4-6e7f-7a8b-9c0d-1e2f3a4b5c6d'),
    type: oneOfSoFar(Object.values(EVENT_TYPES_OF_TOPIC).flat()),
    occurredAt: time('2026-11-01T08:00:00.000Z'),
    actor: actorView,
    requestId: text('deploy-2026-11-01.17'),
    smtpUserId: uuid<SmtpUserId>(
      '019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10',
      'Null: it belongs to no SMTP user.',
    ).nullable(),
    username: text('app@acme.example', 'The SMTP user’s name after the change.').nullable(),
    data: z.looseObject({}).meta({ description: 'The data of the event. Its fields depend on `type`.' }),
    before: z
      .looseObject({})
      .nullable()
      .meta({ description: 'What the change touched, before it. Null: it did not exist.' }),
    after: z
      .looseObject({})
      .nullable()
      .meta({ description: 'What the change touched, after it. Null: it no longer exists.' }),
    version: integer(1, 7, 'The version after the change.'),
  }),
  order: { occurredAt: isTime, position: isPosition },
  filters: {
    ...periodFields(),
    actor: nameFilter
      .optional()
      .meta({ description: 'The id or the name of the key that was used.', examples: ['ci'] }),
    username: usernameFilter.meta({
      description: 'The changes of SMTP users that have or had this username, in upper or lower case.',
    }),
  },
  columns: [
    'occurredAt',
    'username',
    'sentence',
    'actor.name',
    'actor.role',
    'actor.keyId',
    'actor.sessionId',
    'requestId',
    'type',
    'version',
    'smtpUserId',
    'eventId',
  ],
  csvRow(change) {
    const sentence = whatChanged(change);
    return { ...change, sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
  },
});
export type Change = z.infer<typeof changes.item>;
export type ChangesParams = z.infer<typeof changes.query>;

export interface ChangeScope {
  readonly tenantId: TenantId | null;
  readonly smtpUserId: string | null;
}

export class ListChanges extends ListQuery<Change, ChangeScope, ChangesParams> {}

@QueryHandler(ListChanges)
export class ListChangesHandler extends TenantReader implements IQueryHandler<ListChanges> {
  async execute({ scope, params }: ListChanges): Promise<Page<Change>> {
    const read = async (manager: EntityManager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return readChanges(manager, scope, params);
    };
    const rows = await (scope.tenantId === null
      ? ofNoTenant(this.audit, read)
      : inTenant(this.audit, scope.tenantId, read));
    const { items, nextCursor } = pageOf(rows, params, changes.order, Number(rows[0]?.found));
    const shown = items.map((row) => {
      const { position: _, found: __, ...change } = row;
      return change;
    });
    return { items: shown, nextCursor };
  }
}

/** A page ends early at this size: 500 changes with two full lists each would be 500 MB. */
const MAX_PAGE_BYTES = 4_194_304;

interface ChangeRow extends Change {
  readonly position: string;
  /** One more than the limit if there are more; greater than the number of rows if the page ended early. */
  readonly found: string;
}

const NEWEST_FIRST = raw('ORDER BY occurred_at DESC, position DESC');

/** A page and the first row of the next; not empty if there are any rows. Within `inTenant` or `ofNoTenant`. */
export async function readChanges(
  manager: EntityManager,
  scope: ChangeScope,
  params: ChangesParams,
): Promise<ChangeRow[]> {
  const { actor, username } = params;
  const conditions = conditionsOf(scope, params);
  if (username !== undefined) {
    const users = scope.tenantId && (await ofSmtpUsersNamed(manager, scope.tenantId, username));
    if (!users) return [];
    conditions.push(users);
  }
  const limit = params.limit + 1;
  const newest = (...more: Sql[]) =>
    sql`SELECT * FROM audit.changes WHERE ${join([...conditions, ...more], ' AND ')} ${NEWEST_FIRST} LIMIT ${limit}`;
  // By the key's id or name, each through an index: with `OR`, neither index would return its rows in order.
  const page =
    actor === undefined
      ? newest()
      : sql`SELECT * FROM (
              (${newest(sql`actor_key_id = ${actor}`)}) UNION ALL
              (${newest(sql`actor_name = ${actor}`, sql`actor_key_id IS DISTINCT FROM ${actor}`)})) either
            ${NEWEST_FIRST} LIMIT ${limit}`;
  return readRows<ChangeRow>(
    manager,
    sql`WITH page AS MATERIALIZED (${page}), sized AS (
          SELECT *, count(*) OVER () AS found,
                 sum(octet_length(data::text) + coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0))
                   OVER (${NEWEST_FIRST} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before_it
            FROM page
        )
        SELECT event_id AS "eventId", type, occurred_at AS "occurredAt",
               json_strip_nulls(json_build_object('role', actor -> 'role', 'keyId', actor -> 'keyId', 'name', actor -> 'name',
                 'sessionId', actor -> 'sessionId')) AS actor,
               request_id AS "requestId", smtp_user_id AS "smtpUserId", username, data, before, after, version, position, found
          FROM sized WHERE coalesce(bytes_before_it, 0) < ${MAX_PAGE_BYTES} ${NEWEST_FIRST}`,
  );
}

/** Each list starts with an index: `changes_of_tenant`, `changes_of_smtp_user`, `changes_by_key`, `changes_by_name`. */
function conditionsOf({ tenantId, smtpUserId }: ChangeScope, { from, to, cursor }: ChangesParams): Sql[] {
  const conditions = [tenantId === null ? sql`tenant_id IS NULL` : sql`tenant_id = ${tenantId}`];
  if (smtpUserId !== null) conditions.push(sql`smtp_user_id = ${smtpUserId}`);
  if (from !== undefined) conditions.push(sql`occurred_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`occurred_at < ${to}::timestamptz`);
  if (cursor) conditions.push(sql`(occurred_at, position) < (${cursor[0]}::timestamptz, ${cursor[1]}::bigint)`);
  return conditions;
}
