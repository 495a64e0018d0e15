import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { newId, type EntryId } from '@postern/contracts';
import {
  enforceAtSchema,
  entriesSchema,
  modeSchema,
  reasonOfDenialView,
  text,
  time,
  timeField,
  view,
  integer,
} from '@postern/http';
import { inTenant } from '@postern/database';
import { ScopedQuery } from '@postern/lists';
import { loginCoverage, refusedSources } from '@postern/observed-logins';
import {
  allowedRanges,
  decide,
  DomainRefusal,
  evolve,
  MAX_ENTRIES,
  requireRegistered,
  type RegisteredSmtpUser,
  type SmtpUserCommand,
  type SmtpUserState,
} from '@postern/restrictions';
import { z } from 'zod';
import { presentSmtpUser, type SmtpUserQuery } from '../smtp-user/find-smtp-user.js';
import { loginCoverageFields, MAX_DAYS, observedFrom } from '../sources/login-period.js';
import { TenantReader } from '../tenant-reader.js';

const MAX_ADDRESSES = 500;

/** The changes are applied in this order. */
export const PreviewBody = z
  .strictObject({
    entries: entriesSchema.optional().meta({ description: 'The complete list, which replaces the present one.' }),
    add: entriesSchema.optional().meta({ description: 'Entries to add.' }),
    remove: z
      .array(z.string())
      .max(MAX_ENTRIES, `A restriction has at most ${MAX_ENTRIES} entries.`)
      .optional()
      .meta({ description: 'The ids of entries to remove.' }),
    mode: modeSchema.optional().meta({ description: 'Without it, the mode and its `enforceAt` stay.' }),
    enforceAt: enforceAtSchema,
    at: timeField
      .optional()
      .meta({ description: 'The time at which to decide, for example after an entry expires. By default now.' }),
    days: z.int().min(1).max(MAX_DAYS).default(30).meta({ description: 'The period of the logins, up to now.' }),
  })
  .meta({ examples: [{ add: [{ range: '203.0.113.42' }], mode: 'enforce', days: 30 }] });
export type PreviewBody = z.infer<typeof PreviewBody>;

export const restrictionPreviewView = view(
  'RestrictionPreview',
  'What the changed restriction would have refused. Nothing is changed.',
  {
    logins: integer(0, 160, 'All logins in the period.'),
    refused: integer(0, 1, 'Logins that the changed restriction would have refused.'),
    refusedAddresses: integer(0, 1),
    addresses: z
      .array(
        z.object({
          ip: text('198.51.100.7'),
          logins: integer(1, 1),
          lastSeenAt: time('2026-11-02T09:00:00.000Z', 'The hour of the last login.'),
          reason: reasonOfDenialView,
        }),
      )
      .meta({ description: `The refused addresses, the latest first, at most ${MAX_ADDRESSES}.` }),
    ...loginCoverageFields,
    version: integer(1, 7, 'The SMTP user’s version that the changes were made to.'),
  },
);
export type RestrictionPreview = z.infer<typeof restrictionPreviewView>;

export class PreviewRestriction extends ScopedQuery<RestrictionPreview, SmtpUserQuery, PreviewBody> {}

@QueryHandler(PreviewRestriction)
export class PreviewRestrictionHandler extends TenantReader implements IQueryHandler<PreviewRestriction> {
  /** @throws `smtp-user-not-found`; `read-side-behind`; the refusals of the writes. */
  async execute({ scope: user, params }: PreviewRestriction): Promise<RestrictionPreview> {
    const present = await presentSmtpUser(this.audit, user);
    const now = new Date();
    const changed = changedBy(params, present, now);
    const allowed = allowedRanges(changed, params.at === undefined ? now : new Date(params.at));
    const reason = allowed.length === 0 ? 'no-live-entry' : 'ip-not-authorized';
    const from = observedFrom(params.days, now);
    return inTenant(this.audit, user.tenantId, async (manager) => {
      const refused = await refusedSources(manager, user.smtpUserId, from, allowed, MAX_ADDRESSES);
      return {
        ...refused,
        addresses: refused.addresses.map((source) => ({ ...source, reason })),
        ...(await loginCoverage(manager, user.smtpUserId, from)),
        version: present.version,
      };
    });
  }
}

/** The domain decides the changes, as it decides writes. @throws `DomainRefusal`. */
function changedBy(params: PreviewBody, present: RegisteredSmtpUser, now: Date): RegisteredSmtpUser {
  const { entries, add, remove = [], mode, enforceAt } = params;
  let state: SmtpUserState = present;
  const change = (command: SmtpUserCommand) => {
    state = decide(command, state, { now, actorName: 'preview', newId }).reduce<SmtpUserState>(evolve, state);
  };
  if (entries) change({ type: 'ReplaceRestriction', entries });
  if (add) atPointer('/add', () => change({ type: 'AddEntries', entries: add }));
  for (const entryId of remove) change({ type: 'RemoveEntry', entryId: entryId as EntryId });
  if (mode !== undefined || enforceAt !== undefined) change({ type: 'ChangeMode', mode, enforceAt });
  return requireRegistered(state);
}

/** A refusal that names `/entries` names `pointer` instead, the field of the preview's body. */
function atPointer(pointer: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof DomainRefusal)) throw error;
    const moved = (text: string) => text.replace(/^\/entries(?=[/:]|$)/, pointer);
    const errors = error.errors.map((field) => ({ ...field, pointer: moved(field.pointer) }));
    throw new DomainRefusal(error.code, moved(error.detail), errors);
  }
}
