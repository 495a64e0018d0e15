import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newApiKey, type Role, type TenantId, type IssuedApiKey } from '@postern/contracts';
import { CLOCK, type Clock } from '../clock.js';
import { EventWriter } from '../write/event-writer.js';
import type { RequestContext, Written } from '../write/request-context.js';
import { issueApiKey } from './api-keys.js';

/** Makes an API key; `tenantId` is null for the roles operator and relay, and for them alone. */
export class IssueApiKey extends Command<Written<IssuedApiKey>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly role: Role,
    readonly name: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

@CommandHandler(IssueApiKey)
export class IssueApiKeyHandler implements ICommandHandler<IssueApiKey> {
  constructor(
    @Inject(EventWriter) private readonly writer: EventWriter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ tenantId, role, name, context }: IssueApiKey): Promise<Written<IssuedApiKey>> {
    const { id, text: key } = newApiKey(role);
    const issued = { id, role, name, key, createdAt: this.clock().toISOString() };
    return issueApiKey(this.writer, tenantId, issued, context);
  }
}
