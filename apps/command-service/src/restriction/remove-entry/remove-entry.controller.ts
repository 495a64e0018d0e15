import { Controller, Delete, Inject, Param, Res } from '@nestjs/common';
import type { EntryId } from '@postern/contracts';
import type { Restriction } from '@postern/restrictions';
import { Allow, Context, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../../smtp-user/smtp-user-param.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { RestrictionWrite } from '../restriction-write.js';
import { RemoveEntry } from './remove-entry.command.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/entries/:entryId')
@Allow('admin')
export class RemoveEntryController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Delete()
  @RestrictionWrite('Remove an entry', { problems: ['entry-not-found', 'last-entry'] })
  async remove(
    @SmtpUserParam() user: SmtpUserRef,
    @Param('entryId') entryId: EntryId,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    return tagVersion(reply, await this.dispatcher.execute(new RemoveEntry({ user, expected, context }, entryId)));
  }
}
