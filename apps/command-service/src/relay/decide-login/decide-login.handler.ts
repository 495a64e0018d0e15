import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { isUsername, newId, replyOf, usernameKey, type DenialReason } from '@postern/contracts';
import { Journal } from '@postern/event-store';
import { parseAddress } from '@postern/ip-ranges';
import { decideAccess, entryView, type RegisteredSmtpUser } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '../../clock.js';
import { keepAnswer } from '../../idempotency/kept-answers.js';
import { SmtpUserStates } from '../../smtp-user/smtp-user-states.js';
import { currentHolder } from '../../smtp-user/usernames.js';
import { denialAppend, storedIp } from '../auth-denied.js';
import { DecideLogin, type LoginDecision } from './decide-login.command.js';

/** Decides by the journal's own state, so that a change holds in the very next decision. */
@CommandHandler(DecideLogin)
export class DecideLoginHandler implements ICommandHandler<DecideLogin> {
  constructor(
    @Inject(SmtpUserStates) private readonly states: SmtpUserStates,
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(command: DecideLogin): Promise<LoginDecision> {
    const user = await this.holderOf(command.username);
    const address = parseAddress(command.ip);
    const now = this.clock();
    const access = decideAccess(user, address.ok ? address.value : null, now);
    const matched = access.matched === null ? undefined : user?.entries[access.matched];
    const decision: LoginDecision = {
      decision: access.decision,
      reason: access.reason,
      mode: user?.mode ?? null,
      matched: matched ? entryView(matched, now) : null,
      reply: replyOf(access.decision),
    };
    const { idempotency } = command.context;
    if (user !== null && access.denial && !command.dryRun) {
      const denial = { reason: access.reason as DenialReason, refused: access.refused };
      await this.record(command, user, denial, now, decision);
    } else if (idempotency) await keepAnswer(this.writer, idempotency, decision);
    return decision;
  }

  /** Any text may come from a client here; what can be no username is as unknown as one that nobody holds. */
  private async holderOf(username: string): Promise<RegisteredSmtpUser | null> {
    if (!isUsername(username)) return null;
    const key = usernameKey(username);
    const holder = await currentHolder(this.writer, key);
    if (holder === null) return null;
    const state = await this.states.current(holder);
    // Between the two looks the name may have been given up.
    return state.status === 'registered' && usernameKey(state.username) === key ? state : null;
  }

  private async record(
    { ip, context }: DecideLogin,
    { tenantId, smtpUserId, username, mode }: RegisteredSmtpUser,
    { reason, refused }: { reason: DenialReason; refused: boolean },
    now: Date,
    decision: LoginDecision,
  ): Promise<void> {
    const denial = {
      denialId: newId(),
      smtpUserId,
      username,
      ip: storedIp(ip),
      occurredAt: now.toISOString(),
      relay: context.actor.name,
      reason,
      mode,
      refused,
      count: 1,
    };
    const append = denialAppend({ tenantId, smtpUserId }, [denial], context);
    const { idempotency } = context;
    if (idempotency === undefined) {
      await this.journal.append(append);
      return;
    }
    await this.writer.transaction(async (manager) => {
      await this.journal.appendWithin(manager, append);
      await keepAnswer(manager, idempotency, decision);
    });
  }
}
