import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import { usernameKey, type DenialReport, type EventMetadata } from '@postern/contracts';
import { Journal } from '@postern/event-store';
import { view, integer } from '@postern/http';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { SmtpUserRef } from '../smtp-user/target.js';
import { ownersAt } from '../smtp-user/usernames.js';
import { EventWriter } from '../write/event-writer.js';
import { denialsTotal } from '../write/metrics.js';
import { eventMetadata, type RequestContext, type Written } from '../write/request-context.js';
import { denialAppend, type AuthDenied } from './auth-denied.js';
import { readDenial, rejectedDenialView, type RejectedDenial } from './denial-item.js';

export const reportedDenialsView = view(
  'ReportedDenials',
  'The result of a batch. The three counts add up to the number of denials that were sent.',
  {
    accepted: integer(0, 1),
    duplicates: integer(0, 0, 'Denials that were already recorded, or are in the batch twice.'),
    rejected: z.array(rejectedDenialView),
  },
);
export type ReportedDenials = z.infer<typeof reportedDenialsView>;

export class ReportDenials extends Command<Written<ReportedDenials>> {
  constructor(
    readonly items: readonly unknown[],
    readonly context: RequestContext,
  ) {
    super();
  }
}

/** The most reports in the journal's queue at a time. Others wait here, so that a flood neither fills the queue nor delays other changes. */
export const MAX_REPORTS_IN_JOURNAL = 2;

interface OwnedDenial {
  readonly user: SmtpUserRef;
  readonly denial: AuthDenied;
}

@CommandHandler(ReportDenials)
export class ReportDenialsHandler implements ICommandHandler<ReportDenials> {
  private readonly reports = new Semaphore(MAX_REPORTS_IN_JOURNAL);

  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @InjectDataSource('postern_journal_writer') private readonly writer: DataSource,
    @Inject(EventWriter) private readonly eventWriter: EventWriter,
  ) {}

  async execute({ items, context }: ReportDenials): Promise<Written<ReportedDenials>> {
    const { reports, repeated, rejected } = readBatch(items, new Date());
    const owners = await ownersAt(
      this.writer,
      reports.map(({ username, occurredAt: at, smtpUserId }) => ({ username: usernameKey(username), at, smtpUserId })),
    );
    const owned = reports.flatMap((report, i) => {
      const user = owners[i];
      if (user) return [{ user, denial: authDenied(report, user) }];
      rejected.push({ id: report.id, code: 'smtp-user-not-found', detail: whyNoOwner(report) });
      return [];
    });
    const known = await this.appendAll(owned, eventMetadata(context));
    const body = { accepted: owned.length - known, duplicates: known + repeated, rejected };
    denialsTotal.inc({ outcome: 'accepted' }, body.accepted);
    denialsTotal.inc({ outcome: 'duplicate' }, body.duplicates);
    denialsTotal.inc({ outcome: 'rejected' }, body.rejected.length);
    // After the appends. If this fails, the denials' ids still prevent double counting.
    await this.eventWriter.keepAnswer(context, { body });
    return { body };
  }

  /** Returns how many of them the journal had already. */
  private async appendAll(owned: readonly OwnedDenial[], metadata: EventMetadata): Promise<number> {
    if (owned.length === 0) return 0;
    const appends = [...Map.groupBy(owned, ({ user }) => user.smtpUserId).values()].map((ofUser) => ({
      ...denialAppend(
        (ofUser[0] as OwnedDenial).user,
        ofUser.map(({ denial }) => denial),
      ),
      metadata,
    }));
    const appended = await this.reports.run(() => this.journal.appendAll(appends));
    return appended.reduce((sum, { duplicates }) => sum + duplicates.length, 0);
  }
}

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

function whyNoOwner({ username, smtpUserId, occurredAt }: DenialReport): string {
  if (smtpUserId !== undefined) return `The SMTP user ${smtpUserId} never had the username ${username}.`;
  return `No SMTP user had the username ${username} at ${occurredAt}. Send the smtpUserId of the policy that decided.`;
}

function authDenied(report: DenialReport, { smtpUserId }: SmtpUserRef): AuthDenied {
  const { id: denialId, username, ip, occurredAt, relay, reason, mode, count } = report;
  // An unreadable address is denied in report-only too (`decideAccess`).
  const refused = mode === 'enforce' || reason === 'source-ip-invalid';
  return { denialId, smtpUserId, username, ip, occurredAt, relay, reason, mode, refused, count };
}
