import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { SmtpUserEvent } from '@postern/contracts';
import { inTenant } from '@postern/database';
import {
  addressField,
  decisionView,
  entryView as shownEntry,
  integer,
  modeView,
  reasonView,
  text,
  time,
  timeField,
  view,
} from '@postern/http';
import type { IpAddress } from '@postern/ip-ranges';
import { ScopedQuery } from '@postern/lists';
import {
  decideAccess,
  entryView,
  evolve,
  initialState,
  isLive,
  modeAt,
  nearestEntry,
  type RegisteredSmtpUser,
  type SmtpUserState,
} from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import {
  presentSmtpUser,
  smtpUserAtVersion,
  smtpUserNotFound,
  type SmtpUserQuery,
} from '../smtp-user/find-smtp-user.js';
import { z } from 'zod';
import { TenantReader } from '../tenant-reader.js';

export const checkedAddressView = view('CheckedAddress', 'A decision, explained.', {
  ip: text('203.0.113.9', 'The address in canonical form.'),
  at: time('2026-11-01T00:00:00.000Z'),
  decision: decisionView,
  reason: reasonView,
  mode: modeView,
  matched: shownEntry.nullable().meta({ description: 'The entry that allows the address.' }),
  nearest: shownEntry.nullable().meta({
    description:
      'If no live entry contains the address: the expired entry that contains it, otherwise the closest live entry of the same address family.',
  }),
  liveEntries: integer(0, 3, 'How many entries were live at that time.'),
  version: integer(1, 7, 'The SMTP user’s version that was asked.'),
});
export type CheckedAddress = z.infer<typeof checkedAddressView>;

export const CheckParams = z.strictObject({
  ip: addressField.meta({ description: 'An IPv4 or IPv6 address.', examples: ['203.0.113.9'] }),
  at: timeField
    .refine((at) => Date.parse(at) <= Date.now(), {
      error: ({ input }) =>
        `${String(input)} is after now: the future is not known. Leave it out for the present decision.`,
    })
    .optional()
    .meta({ description: 'A time in the past; by default now.', examples: ['2026-11-01T00:00:00Z'] }),
});
export type CheckParams = z.infer<typeof CheckParams>;

export class CheckAddress extends ScopedQuery<CheckedAddress, SmtpUserQuery, CheckParams> {}

@QueryHandler(CheckAddress)
export class CheckAddressHandler extends TenantReader implements IQueryHandler<CheckAddress> {
  /** @throws `smtp-user-not-found`, which says whether the user was not there yet or any more at `at`; `read-side-behind`. */
  async execute({ scope: user, params }: CheckAddress): Promise<CheckedAddress> {
    const { ip } = params;
    if (params.at === undefined) return explain(await presentSmtpUser(this.audit, user), ip, new Date());
    const at = new Date(params.at);
    await smtpUserAtVersion(this.audit, user);
    const then = await inTenant(this.audit, user.tenantId, (manager) => userAt(manager, user.smtpUserId, at));
    return explain(then, ip, at);
  }
}

/** The last complete state before `at`, and the changes after it. A change whose predecessor is later than `at` is not applied. */
async function userAt(manager: EntityManager, smtpUserId: string, at: Date): Promise<RegisteredSmtpUser> {
  const changes = (await manager.query<ChangeRecord[]>(CHANGES_UP_TO, [smtpUserId, at])).toSorted(
    (a, b) => a.version - b.version,
  );
  let state: SmtpUserState = changes.findLast((change) => change.state !== null)?.state ?? initialState();
  for (const { version, type, data } of changes)
    if (version === state.version + 1) state = evolve(state, { type, data, version } as SmtpUserEvent);
  if (state.status === 'registered') return state;
  if (state.status === 'none') throw smtpUserNotFound(await whyNotYet(manager, smtpUserId, at));
  const { version } = state;
  const since = changes.find((change) => change.version === version)?.occurred_at.toISOString();
  throw smtpUserNotFound(
    `The SMTP user ${state.username} was removed at ${since}: at ${at.toISOString()} it was not there any more.`,
  );
}

async function whyNotYet(manager: EntityManager, smtpUserId: string, at: Date): Promise<string | undefined> {
  const [first] = await manager.query<{ at: Date }[]>(
    'SELECT occurred_at AS at FROM audit.changes WHERE smtp_user_id = $1 ORDER BY occurred_at, position LIMIT 1',
    [smtpUserId],
  );
  return first
    ? `The SMTP user was registered at ${first.at.toISOString()}: at ${at.toISOString()} it was not there yet.`
    : undefined;
}

interface ChangeRecord {
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  readonly occurred_at: Date;
  readonly state: SmtpUserState | null;
}

/** About 32 rows, by the indexes changes_with_state and changes_of_smtp_user. */
const CHANGES_UP_TO = `
  SELECT version, type, data, occurred_at, state FROM audit.changes
   WHERE smtp_user_id = $1 AND occurred_at <= $2 AND occurred_at >= coalesce((
         SELECT max(occurred_at) FROM audit.changes WHERE smtp_user_id = $1 AND state IS NOT NULL AND occurred_at <= $2), '-infinity')`;

function explain(smtpUser: RegisteredSmtpUser, ip: IpAddress, at: Date): CheckedAddress {
  const { decision, reason, matched } = decideAccess(smtpUser, ip, at);
  const entry = matched === null ? undefined : smtpUser.entries[matched];
  const nearest = smtpUser.restricted && !entry ? nearestEntry(smtpUser.entries, ip, at) : null;
  return {
    ip: ip.text,
    at: at.toISOString(),
    decision,
    reason,
    mode: modeAt(smtpUser, at),
    matched: entry ? entryView(entry, at) : null,
    nearest: nearest && entryView(nearest, at),
    liveEntries: smtpUser.entries.filter((each) => isLive(each, at)).length,
    version: smtpUser.version,
  };
}
