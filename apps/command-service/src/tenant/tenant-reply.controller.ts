import { Body, Controller, Get, Inject, Put, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { loadReply } from '@postern/access';
import {
  DEFAULT_TENANT_REPLY,
  HELP_URL,
  isHelpUrl,
  isReplyText,
  LONGEST_HELP_URL,
  LONGEST_REPLY_TEXT,
  REPLY_TEXT,
  type TenantId,
  type TenantReply,
} from '@postern/contracts';
import { inTenant } from '@postern/database';
import { Allow, Documented, json, Tenant, text, viewOf } from '@postern/http';
import type { FastifyReply } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { IfMatch, type ExpectedVersions } from '../write/expected-version.js';
import { Context, type WriteRequest } from '../write/request-context.js';
import { Write, Writes } from '../write/writes.js';
import { SetTenantReply } from './set-tenant-reply.js';

const TEXT_RULE =
  'Send 1 to 200 printable ASCII characters. {ip} is replaced by the address of the client, and may occur once; other braces are not accepted.';
const URL_RULE =
  'Send null, or the http or https URL of a page: at most 200 printable ASCII characters without white space.';
const HELP_EXAMPLE = 'https://acme.example/smtp';

const ReplyBody = z.strictObject({
  text: z
    .string()
    .refine(isReplyText, TEXT_RULE)
    .meta({
      description: TEXT_RULE,
      minLength: 1,
      maxLength: LONGEST_REPLY_TEXT,
      pattern: REPLY_TEXT.source,
      examples: ['IP not authorized: {ip}'],
    }),
  helpUrl: z
    .string()
    .refine(isHelpUrl, URL_RULE)
    .meta({ maxLength: LONGEST_HELP_URL, pattern: HELP_URL.source })
    .nullable()
    .meta({ description: URL_RULE, examples: [HELP_EXAMPLE] }),
  opaque: z.boolean().meta({
    description: 'Answer exactly as to a wrong password. The text and the link are stored, but not used.',
    examples: [false],
  }),
});

const tenantReplyView = viewOf<TenantReply>('TenantReply', 'The reply of relays to the client of a denied login.', {
  text: text(DEFAULT_TENANT_REPLY.text, '`{ip}` is replaced by the address of the client.'),
  helpUrl: text(HELP_EXAMPLE, 'A link that follows the text. Null: none.').nullable(),
  opaque: z.boolean().meta({ description: 'Answered exactly as a wrong password.', examples: [false] }),
});

@Controller('v1/tenants/:tenantId/reply')
export class TenantReplyController {
  constructor(
    @Inject(Writes) private readonly writes: Writes,
    @InjectDataSource('postern_command') private readonly dataSource: DataSource,
  ) {}

  @Get()
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'Tenants',
    summary: 'Show the reply of relays to the client of a denied login',
    answer: json(tenantReplyView),
    responseHeaders: ['ETag'],
  })
  async getTenantReply(
    @Tenant() tenantId: TenantId,
    @Res({ passthrough: true }) answer: FastifyReply,
  ): Promise<TenantReply> {
    const { reply, version } = await inTenant(this.dataSource, tenantId, (manager) => loadReply(manager, tenantId));
    void answer.header('etag', `"${version}"`);
    return reply;
  }

  @Put()
  @Allow('admin')
  @Write({
    tag: 'Tenants',
    summary: 'Set the reply of relays to the client of a denied login',
    takes: ['If-Match'],
    answer: json(tenantReplyView),
    responseHeaders: ['ETag', 'Postern-Version'],
  })
  setTenantReply(
    @Tenant() tenantId: TenantId,
    @IfMatch() expected: ExpectedVersions,
    @Body({ schema: ReplyBody }) reply: z.infer<typeof ReplyBody>,
    @Context() context: WriteRequest,
  ): Promise<TenantReply> {
    return this.writes.carryOut(context, new SetTenantReply(tenantId, reply, expected, context));
  }
}
