import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import { usernameKey, type DenialReport } from '@postern/contracts';
import { Journal, type Append } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '../../clock.js';
import { denialsTotal } from '../../dispatch/command-metrics.js';
import { keepAnswer } from '../../idempotency/kept-answers.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { holdersAt } from '../../smtp-user/usernames.js';
import { denialAppend, storedIp, type AuthDenied } from '../auth-denied.js';
import { readDenial } from './denial-item.js';
import { ReportDenials, type RejectedDenial, type ReportedDenials } from './report-denials.command.js';

/**
 * Appends of denials that wait for a commit: two of the journal's batches, one under way and one ready. The others wait here, so that
 * a flood neither fills the journal's queue (503 for everybody) nor delays a platform team's change.
 */
export const MAX_DENIAL_APPENDS = 512;

interface DenialsOfUser {
  readonly user: SmtpUserRef;
  readonly denials: AuthDenied[];
}

@CommandHandler(ReportDenials)
export class ReportDenialsHandler implements ICommandHandler<ReportDenials> {
  private readonly appends = new Semaphore(MAX_DENIAL_APPENDS);

  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ items, context }: ReportDenials): Promise<ReportedDenials> {
    const { reports, repeated, rejected } = readBatch(items, this.clock());
    const byUser = await this.byUser(reports, rejected);
    const appends = byUser.map(({ user, denials }) => denialAppend(user, denials, context));
    const known = await this.appendAll(appends);
    const result = {
      accepted: byUser.reduce((sum, { denials }) => sum + denials.length, 0) - known,
      duplicates: known + repeated,
      rejected,
    };
    denialsTotal.inc({ outcome: 'accepted' }, result.accepted);
    denialsTotal.inc({ outcome: 'duplicate' }, result.duplicates);
    denialsTotal.inc({ outcome: 'rejected' }, result.rejected.length);
    // Behind the appends: each denial's id keeps it from being counted twice, whether or not this is reached.
    if (context.idempotency) await keepAnswer(this.writer, context.idempotency, result);
    return result;
  }

  private async byUser(reports: readonly DenialReport[], rejected: RejectedDenial[]): Promise<DenialsOfUser[]> {
    const holders = await holdersAt(
      this.writer,
      reports.map(({ username, occurredAt: at, smtpUserId }) => ({ username: usernameKey(username), at, smtpUserId })),
    );
    const byUser = new Map<string, DenialsOfUser>();
    for (const [i, report] of reports.entries()) {
      const user = holders[i];
      if (!user) {
        rejected.push({ id: report.id, code: 'smtp-user-not-found', detail: whyNoHolder(report) });
        continue;
      }
      const group: DenialsOfUser = byUser.get(user.smtpUserId) ?? { user, denials: [] };
      group.denials.push(authDenied(report, user));
      byUser.set(user.smtpUserId, group);
    }
    return [...byUser.values()];
  }

  /** How many the journal had already. All have ended when it throws: a repeat then meets none that is still on its way. */
  private async appendAll(appends: readonly Append[]): Promise<number> {
    const outcomes = await Promise.allSettled(
      appends.map((append) => this.appends.run(() => this.journal.append(append))),
    );
    return outcomes.reduce((sum, outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return sum + outcome.value.duplicates.length;
    }, 0);
  }
}

/** The items that can be read, each id once. */
function readBatch(
  items: readonly unknown[],
  now: Date,
): {
  readonly reports: readonly DenialReport[];
  readonly repeated: number;
  readonly rejected: RejectedDenial[];
} {
  const reports = new Map<string, DenialReport>();
  const rejected: RejectedDenial[] = [];
  for (const [index, item] of items.entries()) {
    const denial = readDenial(item, index, now);
    if ('code' in denial) rejected.push(denial);
    else if (!reports.has(denial.id)) reports.set(denial.id, denial);
  }
  const repeated = items.length - rejected.length - reports.size;
  return { reports: [...reports.values()], repeated, rejected };
}

function whyNoHolder({ username, smtpUserId, occurredAt }: DenialReport): string {
  if (smtpUserId !== undefined) return `The SMTP user ${smtpUserId} never had the username ${username}.`;
  return `Nobody held the username ${username} at ${occurredAt}. Send the smtpUserId of the policy that decided.`;
}

function authDenied(report: DenialReport, { smtpUserId }: SmtpUserRef): AuthDenied {
  const { id: denialId, username, ip, occurredAt, relay, reason, mode, count } = report;
  // An address that can't be read is refused in report-only too (`decideAccess`).
  const refused = mode === 'enforce' || reason === 'source-ip-invalid';
  return { denialId, smtpUserId, username, ip: storedIp(ip), occurredAt, relay, reason, mode, refused, count };
}
