import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { BatchedLookUp, Deadline } from '@postern/async';
import {
  DEFAULT_TENANT_REPLY,
  isUsername,
  newId,
  replyOf,
  usernameKey,
  type DenialReason,
  type Reply,
  type TenantReply,
  type UsernameKey,
} from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import { decideAccess, entryView as shownEntry, modeAt, type RegisteredSmtpUser } from '@postern/restrictions';
import {
  databaseFailed,
  decisionView,
  entryView,
  modeView,
  type Problem,
  reasonOfDenialView,
  text,
  view,
  viewOf,
} from '@postern/http';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { SmtpUserStates } from '../smtp-user/smtp-user-states.js';
import { currentOwners } from '../smtp-user/usernames.js';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import { denialAppend, storedIp } from './auth-denied.js';
import { DecidedLogins } from './decided-logins.js';

const replyView = viewOf<Reply>('Reply', 'What the relay says to its client: SMTP code, enhanced status, text.', {
  code: z.literal([535, 454]),
  enhanced: z.literal(['5.7.1', '5.7.8', '4.7.0']).meta({
    description: '5.7.8: the tenant’s reply is opaque. Answer exactly as to a wrong password.',
  }),
  text: text(DEFAULT_TENANT_REPLY.text, 'The text for the client. The tenant can set the text of a denial.'),
});
export const loginDecisionView = view('LoginDecision', 'The decision about one login.', {
  decision: decisionView.meta({ examples: ['deny'] }),
  reason: reasonOfDenialView,
  mode: modeView.nullable().meta({ description: 'Null: the SMTP user is unknown.' }),
  matched: entryView.nullable().meta({ description: 'The entry that allows the address.', examples: [null] }),
  reply: replyView.nullable().meta({ description: 'Null: the login may continue.' }),
});
export type LoginDecision = z.infer<typeof loginDecisionView>;

/** Decides one login. Unless `dryRun`, a denial, also a would-be one in report-only, is recorded before the answer. */
export class DecideLogin extends Command<Written<LoginDecision>> {
  constructor(
    readonly username: string,
    readonly ip: string,
    readonly dryRun: boolean,
    readonly context: RequestContext,
  ) {
    super();
  }
}

/** Usernames per query, and waiting usernames. Each waiting one belongs to an open request, so this adds no limit of its own. */
const LOOK_UPS = { batch: 500, waiting: 20_000 };
/** Longer than any healthy look-up. Later look-ups wait for this one, so on a dead connection it must end. */
const LOOK_UP_WITHIN_MS = 4_000;

const UNKNOWN = { user: null, reply: null };

/** Decides by the journal's state, so that a change applies to the next decision. */
@CommandHandler(DecideLogin)
export class DecideLoginHandler implements ICommandHandler<DecideLogin> {
  private readonly owners = new BatchedLookUp(
    (usernames: readonly UsernameKey[]) =>
      Deadline.within(LOOK_UP_WITHIN_MS, () => currentOwners(this.usernames, usernames), notReady),
    LOOK_UPS,
    notReady,
  );

  constructor(
    @Inject(SmtpUserStates) private readonly states: SmtpUserStates,
    @Inject(EventWriter) private readonly writer: EventWriter,
    @InjectDataSource('postern_journal_writer') private readonly usernames: DataSource,
    @Inject(DecidedLogins) private readonly logins: DecidedLogins,
  ) {}

  async execute({ username, ip, dryRun, context }: DecideLogin): Promise<Written<LoginDecision>> {
    const { user, reply } = await this.ownerOf(username);
    const address = parseAddress(ip);
    const now = new Date();
    const access = decideAccess(user, address.ok ? address.value : null, now);
    const mode = user && modeAt(user, now);
    const matched = access.matched === null ? undefined : user?.entries[access.matched];
    const answer = {
      body: {
        decision: access.decision,
        reason: access.reason,
        mode,
        matched: matched ? shownEntry(matched, now) : null,
        reply: replyOf(access.decision, address.ok ? address.value.text : null, reply),
      },
    };
    if (user !== null && mode !== null && access.denial && !dryRun) {
      const { smtpUserId, username } = user;
      const denial = {
        denialId: newId(),
        smtpUserId,
        username,
        ip: storedIp(address, ip),
        occurredAt: now.toISOString(),
        relay: context.actor.name,
        reason: access.reason as DenialReason,
        mode,
        refused: access.refused,
        count: 1,
      };
      await this.writer.write({ ...denialAppend(user, [denial]), context, answer });
    } else await this.writer.keepAnswer(context, answer);
    if (user !== null && access.decision === 'allow' && address.ok && !dryRun) {
      this.logins.count(context.actor, user, address.value.text, matched?.id ?? null, now);
    }
    return answer;
  }

  private async ownerOf(
    username: string,
  ): Promise<{ readonly user: RegisteredSmtpUser | null; readonly reply: TenantReply | null }> {
    if (!isUsername(username)) return UNKNOWN;
    const key = usernameKey(username);
    const owner = await this.owners.find(key);
    if (owner === null) return UNKNOWN;
    const remembered = this.states.remembered(owner);
    const state =
      remembered !== undefined && remembered.version >= owner.version ? remembered : await this.states.current(owner);
    // The user may have given up the name since the look-up.
    const user = state.status === 'registered' && usernameKey(state.username) === key ? state : null;
    return { user, reply: owner.reply };
  }
}

function notReady(): Problem {
  return databaseFailed(
    'The database did not say in time who owns this username. Nothing was done; send it again shortly.',
  );
}
