import { DEFER_REPLY, DENY_REPLY, MODES, type DenialReport, type Reply, type SmtpUserId } from '@postern/contracts';
import {
  decisionView,
  denialReasonView,
  entryView,
  modeView,
  oneOfSoFar,
  reasonView,
  text,
  time,
  uuid,
  view,
  whole,
} from '@postern/http';
import { z } from 'zod';
import type { LoginDecision } from './decide-login/decide-login.command.js';
import type { RejectedDenial, ReportedDenials } from './report-denials/report-denials.command.js';

const replyView = view<Reply>('Reply', 'What the relay says to its client: SMTP code, enhanced status, text.', {
  code: z.literal([DENY_REPLY.code, DEFER_REPLY.code]),
  enhanced: z.literal([DENY_REPLY.enhanced, DEFER_REPLY.enhanced]),
  text: text(DENY_REPLY.text),
});

export const loginDecisionView = view<LoginDecision>('LoginDecision', 'What a relay is told about one login.', {
  decision: decisionView,
  reason: reasonView,
  mode: modeView.nullable().meta({ description: 'Null where the SMTP user is unknown.' }),
  matched: entryView.nullable().meta({ description: 'The entry that lets the address in.' }),
  reply: replyView.nullable().meta({ description: 'Null where the login goes through.' }),
});

const denialId = uuid(
  '019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b',
  'A UUIDv7, made by the relay once: sent again, it is kept.',
);

/** An item as it is sent; `denial-item.ts` checks it by hand. */
export const denialReportSchema: z.ZodType<DenialReport> = z
  .strictObject({
    id: denialId,
    username: text('app@acme.example'),
    smtpUserId: uuid<SmtpUserId>(
      '019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b',
      'Of the policy that decided. The denial is recorded for this SMTP user, who must have or have had the username; without it, for whoever held the username at `occurredAt`.',
    ).optional(),
    ip: text('203.0.113.9'),
    occurredAt: time(
      '2026-11-01T08:00:00.000Z',
      'By the relay’s clock; RFC 3339 with its offset. Not before the year 2000, and not more than a day ahead of Postern’s clock.',
    ),
    relay: text('mx1'),
    reason: denialReasonView,
    mode: z.enum(MODES),
    count: whole(1, 1, 'Logins that this report stands for.'),
  })
  .meta({ id: 'DenialReport', description: 'A denial as a relay reports it.' });

const rejectedDenialView = view<RejectedDenial>(
  'RejectedDenial',
  'A report that cannot be taken, however often it is sent.',
  {
    id: text('019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b')
      .nullable()
      .meta({ description: 'As it was sent; null where it has none that can be read.' }),
    code: oneOfSoFar({
      'validation-failed': true,
      'field-missing': true,
      'field-unknown': true,
      'username-invalid': true,
      'source-ip-invalid': true,
      'smtp-user-not-found': true,
    }),
    detail: text('Nobody held the username app@acme.example at 2026-11-01T08:00:00.000Z.'),
  },
);

export const reportedDenialsView = view<ReportedDenials>(
  'ReportedDenials',
  'What became of a batch, once it is durable; the three add up to its length.',
  {
    accepted: whole(0, 1),
    duplicates: whole(0, 0, 'Known already, or more than once in the batch.'),
    rejected: z.array(rejectedDenialView),
  },
);
