import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MAX_DENIALS_PER_REPORT } from '@postern/contracts';
import {
  Allow,
  Context,
  Documented,
  documentedAs,
  json,
  LongBody,
  type RequestContext,
  SERVER_LIMITS,
} from '@postern/http';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { denialReportSchema, reportedDenialsView } from '../relay-views.js';
import { ReportDenials, type ReportedDenials } from './report-denials.command.js';

const HOW_MANY = `Send 1 to ${MAX_DENIALS_PER_REPORT} denials at once.`;

/** The envelope alone: one bad item must not keep the others from being recorded. */
const ReportBody = z.strictObject({
  denials: z
    .array(documentedAs(z.unknown(), denialReportSchema))
    .min(1, HOW_MANY)
    .max(MAX_DENIALS_PER_REPORT, HOW_MANY),
});

@Controller('v1/relay/auth-denials')
@Allow('relay')
export class ReportDenialsController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @LongBody(SERVER_LIMITS.bodyBytes)
  @HttpCode(200)
  @Documented({
    tag: 'Relays',
    summary: 'Report denials; answered once they are durable',
    takes: ['Idempotency-Key'],
    answer: json(reportedDenialsView),
    tells: ['Idempotency-Replayed'],
  })
  report(
    @Body({ schema: ReportBody }) { denials }: z.infer<typeof ReportBody>,
    @Context() context: RequestContext,
  ): Promise<ReportedDenials> {
    return this.dispatcher.execute(new ReportDenials(denials, context));
  }
}
