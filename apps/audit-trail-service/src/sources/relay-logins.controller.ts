import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { isUuid, MAX_LOGINS_PER_REPORT, type EntryId, type LoginReport } from '@postern/contracts';
import {
  Allow,
  Documented,
  documentedAs,
  json,
  LongBody,
  RELAY_HEADERS,
  SERVER_LIMITS,
  text,
  time,
  uuid,
  viewOf,
  integer,
} from '@postern/http';
import { CallingRelay, type Relay } from '@postern/process';
import { z } from 'zod';
import { ReportLogins, reportedLoginsView, type ReportedLogins } from './report-logins.js';

/** An item for the OpenAPI document; `readLogin` checks it. */
const loginReportView = viewOf<LoginReport>(
  'LoginReport',
  'Logins that a relay let through, counted by SMTP user, address and hour.',
  {
    smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10', 'The SMTP user in the policy that decided.'),
    ip: text('203.0.113.9'),
    hour: time(
      '2026-11-01T08:00:00.000Z',
      'RFC 3339 with an offset, by the relay’s clock. Minutes and seconds are dropped.',
    ),
    count: integer(1, 12, 'How many logins.'),
    entryId: uuid<EntryId>('019ab1c2-7a10-7d21-9e0b-4c1d2e3f4a5b', 'The entry that allowed them.')
      .nullable()
      .meta({ description: 'The entry that allowed them. Null: there was none, or the relay does not know it.' }),
    relay: text('mx1'),
  },
);

const HOW_MANY = `Send at most ${MAX_LOGINS_PER_REPORT} records at once.`;
/** Only the envelope is checked: one bad item must not prevent the others. */
const ReportBody = z.strictObject({
  batchId: z
    .string()
    .refine(isUuid, 'Give a UUID in lower case, made once for the batch.')
    .meta({
      format: 'uuid',
      examples: ['019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b'],
      description: 'A batch that is sent again with the same id within two days is counted once.',
    }),
  logins: z.array(documentedAs(z.unknown(), loginReportView)).max(MAX_LOGINS_PER_REPORT, HOW_MANY),
});

@Controller('v1/relay')
@Allow('relay')
export class RelayLoginsController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus) {}

  @Post('logins')
  @HttpCode(200)
  @LongBody(SERVER_LIMITS.bodyBytes)
  @Documented({
    tag: 'Relays',
    summary: 'Report allowed logins; an empty batch reports that there were none',
    takes: RELAY_HEADERS,
    answer: json(reportedLoginsView),
  })
  reportLogins(
    @Body({ schema: ReportBody }) { batchId, logins }: z.infer<typeof ReportBody>,
    @CallingRelay() relay: Relay,
  ): Promise<ReportedLogins> {
    return this.commands.execute(new ReportLogins(relay, batchId, logins));
  }
}
