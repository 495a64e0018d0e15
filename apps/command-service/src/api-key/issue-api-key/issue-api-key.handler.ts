import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { eventMetadata } from '@postern/http';
import { hashApiKey, newApiKey } from '@postern/contracts';
import { CLOCK, type Clock } from '../../clock.js';
import { keepAnswer } from '../../idempotency/kept-answers.js';
import { ApiKeyIssue } from '../api-key-issue.js';
import { IssueApiKey, type IssuedApiKey } from './issue-api-key.command.js';

@CommandHandler(IssueApiKey)
export class IssueApiKeyHandler implements ICommandHandler<IssueApiKey> {
  constructor(
    @Inject(ApiKeyIssue) private readonly issue: ApiKeyIssue,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ tenantId, role, name, context }: IssueApiKey): Promise<IssuedApiKey> {
    const { id, text: key } = newApiKey(role);
    const createdAt = this.clock().toISOString();
    const row = { id, tenantId, role, name, hash: hashApiKey(key), createdAt };
    const issued = { id, role, name, key, createdAt };
    await this.issue.issue(row, eventMetadata(context), async (manager) => {
      if (context.idempotency) await keepAnswer(manager, context.idempotency, issued);
    });
    return issued;
  }
}
