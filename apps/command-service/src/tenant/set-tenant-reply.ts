import { isDeepStrictEqual } from 'node:util';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { tenantStream, type TenantEvent, type TenantId, type TenantReply } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { requireVersion, type ExpectedVersions } from '../write/expected-version.js';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import { loadReply } from './get-tenant-reply.js';

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
    return this.writer.holding(streamId, async (holder) => {
      const before = await loadReply(holder, tenantId);
      requireVersion(expected, before.version);
      const events: TenantEvent[] = isDeepStrictEqual(reply, before.reply)
        ? []
        : [{ type: 'TenantReplySet', data: { ...reply, previous: before.reply } }];
      const version = before.version + events.length;
      const answer = { body: reply, version };
      const also = (manager: EntityManager) => saveReply(manager, tenantId, reply, version);
      const write = { tenantId, streamId, expectedVersion: before.version, events, context, answer, also };
      await this.writer.write(write, holder);
      return answer;
    });
  }
}

/** In the event's transaction, so that the next decision uses it. */
async function saveReply(manager: EntityManager, tenantId: TenantId, reply: TenantReply, version: number) {
  await manager.query(
    `INSERT INTO access.tenant_replies (tenant_id, reply, version) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id) DO UPDATE SET reply = excluded.reply, version = excluded.version`,
    [tenantId, JSON.stringify(reply), version],
  );
}
