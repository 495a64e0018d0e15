import {
  denialReasonView,
  exported,
  pageView,
  text,
  time,
  view,
  whole,
  Allow,
  Documented,
  Tenant,
} from '@postern/http';
import { z } from 'zod';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId, DeniedIp, SuggestedEntry } from '@postern/contracts';
import {
  bomField,
  ListAnswers,
  pageFields,
  pageRequest,
  PERIOD_NOT_IN_ORDER,
  periodInOrder,
  textColumn,
  timeColumn,
  timeField,
} from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MAX_NEIGHBOURS, USERS_OF_PROXY } from './denied-ip-record.js';
import { DENIED_IP_COLUMNS, ListDeniedIps } from './list-denied-ips.js';

const suggestedEntryView = view<SuggestedEntry>('SuggestedEntry', 'An entry that would let the address in.', {
  range: text('203.0.113.9', 'Canonical, as an entry’s range.'),
  why: text('It is the address itself.'),
  covers: whole(
    1,
    1,
    `How many denied addresses of this SMTP user the range covers. Counting ends at ${MAX_NEIGHBOURS}.`,
  ),
});

const deniedIpView = view<DeniedIp>('DeniedIp', 'An address from which an SMTP user was denied.', {
  ip: text('203.0.113.9'),
  count: whole(1, 12, 'Logins.'),
  firstDeniedAt: time('2026-11-01T08:00:00.000Z'),
  lastDeniedAt: time('2026-11-02T09:30:00.000Z'),
  relays: z.array(text('mx1')),
  reasons: z.array(denialReasonView),
  stillDenied: z.boolean().meta({ description: 'Whether a login from there would be a denial now.' }),
  looksLikeProxy: z.boolean().meta({
    description: `Whether it is a private address that was denied for ${USERS_OF_PROXY} or more SMTP users of the tenant. It is then most likely your own proxy or NAT: no entry is suggested for it, since an entry would let in everyone behind it. Make the proxy pass on the address of the client.`,
  }),
  suggestedEntries: z.array(suggestedEntryView),
});

/** A page of denied addresses; or all of them as NDJSON or CSV. */
const deniedIpAnswers = exported(
  pageView('DeniedIpPage', deniedIpView),
  deniedIpView,
  `${DENIED_IP_COLUMNS.join(',')}\r\n`,
);

const deniedIpsQuery = z
  .strictObject({
    ...pageFields([timeColumn, textColumn]),
    bom: bomField,
    from: timeField.optional().meta({ description: 'Denied then or later.', examples: ['2026-11-01T00:00:00Z'] }),
    to: timeField.optional().meta({ description: 'Denied before then.', examples: ['2026-12-01T00:00:00Z'] }),
  })
  .refine(periodInOrder, PERIOD_NOT_IN_ORDER);

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DeniedIpsController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('smtp-users/:smtpUserId/denied-ips')
  @Documented({
    tag: 'Audit trail',
    id: 'listDeniedIps',
    summary: 'The addresses from which an SMTP user was denied, with the entries that would let them in',
    ...deniedIpAnswers,
  })
  list(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: deniedIpsQuery }) query: z.infer<typeof deniedIpsQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name: 'denied-ips',
      columns: DENIED_IP_COLUMNS,
      read: (page) => this.queries.execute(new ListDeniedIps(tenantId, smtpUserId, page, query)),
    });
  }
}
