import { Body, Controller, Inject, Post, Res } from '@nestjs/common';
import type { Restriction } from '@postern/restrictions';
import { Allow, Context, LongBody, type RequestContext, SERVER_LIMITS } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../../smtp-user/smtp-user-param.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { entriesSchema } from '../entries-schema.js';
import { RestrictionWrite } from '../restriction-write.js';
import { AddEntries } from './add-entries.command.js';

const AddEntriesBody = z.strictObject({ entries: entriesSchema });

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/entries')
@Allow('admin')
export class AddEntriesController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @LongBody(SERVER_LIMITS.bodyBytes)
  @RestrictionWrite('Add entries; one that stands there expired is renewed', { status: 201 })
  async add(
    @SmtpUserParam() user: SmtpUserRef,
    @Body({ schema: AddEntriesBody }) body: z.infer<typeof AddEntriesBody>,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    return tagVersion(reply, await this.dispatcher.execute(new AddEntries({ user, expected, context }, body.entries)));
  }
}
