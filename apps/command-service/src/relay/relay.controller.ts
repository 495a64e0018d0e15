import { Body, Controller, Inject, Post } from '@nestjs/common';
import { MAX_DENIALS_PER_REPORT } from '@postern/contracts';
import { Allow, documentedAs, json, LongBody, RELAY_HEADERS, SERVER_LIMITS } from '@postern/http';
import { CallingRelay, type Relay, RelayContacts } from '@postern/process';
import { z } from 'zod';
import { Context, type WriteRequest } from '../write/request-context.js';
import { Write, Writes } from '../write/writes.js';
import { DecideLogin, loginDecisionView, type LoginDecision } from './decide-login.js';
import { denialReportSchema } from './denial-item.js';
import { ReportDenials, reportedDenialsView, type ReportedDenials } from './report-denials.js';

/** RFC 4616 lets a client send 255 octets and more. A longer text is an attack, not a login. */
export const LONGEST_TEXT = 1_000;

const loginText = (example: string) =>
  z
    .string()
    .max(LONGEST_TEXT, `At most ${LONGEST_TEXT} characters.`)
    .meta({ examples: [example] });
const DecideBody = z.strictObject({
  username: loginText('app@acme.example'),
  ip: loginText('203.0.113.9'),
  dryRun: z.boolean().default(false).meta({ description: 'True: decide without recording.' }),
});

const HOW_MANY = `Send 1 to ${MAX_DENIALS_PER_REPORT} denials at once.`;
/** Only the envelope is checked: one bad item must not prevent the others. */
const ReportBody = z.strictObject({
  denials: z
    .array(documentedAs(z.unknown(), denialReportSchema))
    .min(1, HOW_MANY)
    .max(MAX_DENIALS_PER_REPORT, HOW_MANY),
});

@Controller('v1/relay')
@Allow('relay')
export class RelayController {
  constructor(
    @Inject(Writes) private readonly writes: Writes,
    @Inject(RelayContacts) private readonly relays: RelayContacts,
  ) {}

  @Post('decisions')
  @Write({ tag: 'Relays', summary: 'Decide one login, and record a denial', answer: json(loginDecisionView) })
  decideLogin(
    @Body({ schema: DecideBody }) { username, ip, dryRun }: z.infer<typeof DecideBody>,
    @Context() context: WriteRequest,
  ): Promise<LoginDecision> {
    return this.writes.carryOut(context, new DecideLogin(username, ip, dryRun, context));
  }

  @Post('auth-denials')
  @LongBody(SERVER_LIMITS.bodyBytes)
  @Write({
    tag: 'Relays',
    summary: 'Report denials; the answer is sent when they are on disk',
    takes: RELAY_HEADERS,
    answer: json(reportedDenialsView),
  })
  reportDenials(
    @Body({ schema: ReportBody }) { denials }: z.infer<typeof ReportBody>,
    @Context() context: WriteRequest,
    @CallingRelay() relay: Relay,
  ): Promise<ReportedDenials> {
    this.relays.hasReported(relay);
    return this.writes.carryOut(context, new ReportDenials(denials, context));
  }
}
