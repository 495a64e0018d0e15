import { DENIAL_REASONS, usernameKey, type DenialReason, type UsernameKey, type TenantId } from '@postern/contracts';
import { parseRange, type IpRange } from '@postern/ip-ranges';
import {
  bomField,
  PERIOD_NOT_IN_ORDER,
  pageFields,
  periodFields,
  periodInOrder,
  timeColumn,
  uuidColumn,
  type PageRequest,
} from '@postern/lists';
import { z } from 'zod';
import type { EntityManager } from 'typeorm';
import { smtpUsersOfName } from '../smtp-user/find-smtp-user.js';

/** Which denials are asked for; what is left out is not looked at. */
export interface DenialFilter {
  /** RFC 3339, UTC, milliseconds: occurred then or later. */
  readonly from?: string | undefined;
  /** Occurred before then. */
  readonly to?: string | undefined;
  readonly range?: IpRange | undefined;
  readonly username?: UsernameKey | undefined;
  readonly relay?: string | undefined;
  readonly reason?: DenialReason | undefined;
  readonly refused?: boolean | undefined;
}

const range = z.string().transform((text, context): IpRange => {
  const parsed = parseRange(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.detail, params: { code: parsed.code } });
  return z.NEVER;
});

const name = z
  .string()
  .min(1)
  .max(254)
  .refine((text) => !text.includes('\0'), 'A name has no NUL in it.');

const denialsFields = z.strictObject({
  ...pageFields([timeColumn, uuidColumn]),
  bom: bomField,
  ...periodFields,
  ip: range.optional().meta({ description: 'An address or a range.', examples: ['203.0.113.0/24'] }),
  username: name
    .transform(usernameKey)
    .optional()
    .meta({ description: 'In any case.', examples: ['app@acme.example'] }),
  relay: name.optional().meta({ description: 'As it names itself.', examples: ['mx1'] }),
  reason: z.enum(DENIAL_REASONS, `Give one of ${DENIAL_REASONS.join(', ')}.`).optional(),
  refused: z
    .enum(['true', 'false'], 'Give true or false.')
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: '`false`: what `report-only` let through.' }),
});
/** The query of a list of denials. */
export const denialsQuery = denialsFields.refine(periodInOrder, PERIOD_NOT_IN_ORDER);
export type DenialsQuery = z.infer<typeof denialsQuery>;

/** The filter in a query. */
export function filterOf({ from, to, ip, username, relay, reason, refused }: DenialsQuery): DenialFilter {
  return { from, to, range: ip, username, relay, reason, refused };
}

/** Whose denials. */
export interface DenialScope {
  readonly tenantId: TenantId;
  /** Null: those of all SMTP users of the tenant. */
  readonly smtpUserId: string | null;
}

/** The conditions of a query on `audit.denials`, with the values of their parameters. */
export interface DenialConditions {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Those alone that the index `denials_of_address` answers without a look at a row: they stand first. */
  readonly inIndex: { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** Null where nobody has, or had, the username that is asked for. Within `inTenant`, as `postern_audit_reader`. */
export async function denialConditions(
  manager: EntityManager,
  { tenantId, smtpUserId }: DenialScope,
  filter: DenialFilter,
  after: PageRequest['after'],
): Promise<DenialConditions | null> {
  const parameters: unknown[] = [];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const conditions = [
    `tenant_id = ${value(tenantId)}`,
    'occurred_at >= (SELECT kept_from FROM audit.denial_retention)',
  ];
  if (filter.from !== undefined) conditions.push(`occurred_at >= ${value(filter.from)}::timestamptz`);
  if (filter.to !== undefined) conditions.push(`occurred_at < ${value(filter.to)}::timestamptz`);
  if (after) conditions.push(`(occurred_at, id) < (${value(after[0])}::timestamptz, ${value(after[1])}::uuid)`);
  if (filter.range !== undefined) {
    // Compared, and not by <<=, which is not leakproof: row-level security would keep it out of the index.
    const range = `${value(filter.range.text)}::inet`;
    conditions.push(`address BETWEEN host(network(${range}))::inet AND host(broadcast(${range}))::inet`);
  }
  const inIndex = { sql: conditions.join(' AND '), parameters: [...parameters] };
  if (smtpUserId !== null) conditions.push(`smtp_user_id = ${value(smtpUserId)}`);
  if (filter.username !== undefined) {
    // By way of the users, whose index there is; a user may have been reported by another of its names.
    const users = await smtpUsersOfName(manager, tenantId, filter.username);
    if (users.length === 0) return null;
    // COLLATE "C": A to Z alone, whatever the database's locale. As CASE, since PostgreSQL takes an equality of lower() for one that
    // hardly a row fulfils: nearly all do here.
    conditions.push(
      users.length === 1 ? `smtp_user_id = ${value(users[0])}` : `smtp_user_id = ANY (${value(users)}::uuid[])`,
      `CASE WHEN lower(username COLLATE "C") = ${value(filter.username)} THEN true ELSE false END`,
    );
  }
  if (filter.relay !== undefined) conditions.push(`relay = ${value(filter.relay)}`);
  if (filter.reason !== undefined) conditions.push(`reason = ${value(filter.reason)}`);
  if (filter.refused !== undefined) conditions.push(`refused = ${value(filter.refused)}`);
  return { sql: conditions.join(' AND '), parameters, inIndex };
}
