import { isDeepStrictEqual } from 'node:util';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { loadReply, saveReply } from '@postern/access';
import { tenantStream, type TenantEvent, type TenantId, type TenantReply } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { requireVersion, type ExpectedVersions } from '../write/expected-version.js';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';

/** Changes what relays answer to a denied login. @throws 412 `version-mismatch`. */
export class SetTenantReply extends Command<Written<TenantReply>> {
  constructor(
    readonly tenantId: TenantId,
    readonly reply: TenantReply,
    readonly expected: ExpectedVersions,
    readonly context: RequestContext,
  ) {
    super();
  }
}

@CommandHandler(SetTenantReply)
export class SetTenantReplyHandler implements ICommandHandler<SetTenantReply> {
  constructor(@Inject(EventWriter) private readonly writer: EventWriter) {}

  execute({ tenantId, reply, expected, context }: SetTenantReply): Promise<Written<TenantReply>> {
    const streamId = tenantStream(tenantId);
    return this.writer.whileLocked(streamId, async (locked) => {
      const before = await loadReply(locked, tenantId);
      requireVersion(expected, before.version);
      const events: TenantEvent[] = isDeepStrictEqual(reply, before.reply)
        ? []
        : [{ type: 'TenantReplySet', data: { ...reply, previous: before.reply } }];
      const version = before.version + events.length;
      const answer = { body: reply, version };
      const also = (manager: EntityManager) => saveReply(manager, tenantId, { reply, version });
      const write = { tenantId, streamId, expectedVersion: before.version, events, context, answer, also };
      await this.writer.write(write, locked);
      return answer;
    });
  }
}
