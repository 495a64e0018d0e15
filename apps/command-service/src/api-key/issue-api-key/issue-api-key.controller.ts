import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Context, Documented, json, Tenant, type RequestContext } from '@postern/http';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { plainText } from '../../http/plain-text.js';
import { LONGEST_NAME } from '../../tenant/tenants.js';
import { issuedApiKeyView } from '../api-key-views.js';
import { IssueApiKey, type IssuedApiKey } from './issue-api-key.command.js';

const OwnKeyBody = z.strictObject({
  role: z.enum(
    ['relay', 'operator'],
    'One of: relay, operator. Keys of the roles admin and auditor belong to a tenant.',
  ),
  name: plainText(LONGEST_NAME),
});
const TenantKeyBody = z.strictObject({
  role: z.enum(
    ['admin', 'auditor'],
    'One of: admin, auditor. Keys of the roles relay and operator belong to no tenant.',
  ),
  name: plainText(LONGEST_NAME),
});

/** Keys that belong to no tenant. */
@Controller('v1/api-keys')
@Allow('operator')
export class IssueApiKeyController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @Documented({
    tag: 'API keys',
    summary: 'Issue a key of an operator or a relay',
    takes: ['Idempotency-Key'],
    status: 201,
    answer: json(issuedApiKeyView),
    tells: ['Idempotency-Replayed'],
  })
  issue(
    @Body({ schema: OwnKeyBody }) { role, name }: z.infer<typeof OwnKeyBody>,
    @Context() context: RequestContext,
  ): Promise<IssuedApiKey> {
    return this.dispatcher.execute(new IssueApiKey(null, role, name, context));
  }
}

@Controller('v1/tenants/:tenantId/api-keys')
@Allow('operator', 'admin')
export class IssueTenantApiKeyController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @Documented({
    tag: 'API keys',
    summary: 'Issue a key of a tenant',
    takes: ['Idempotency-Key'],
    status: 201,
    answer: json(issuedApiKeyView),
    tells: ['Idempotency-Replayed'],
  })
  issue(
    @Tenant() tenantId: TenantId,
    @Body({ schema: TenantKeyBody }) { role, name }: z.infer<typeof TenantKeyBody>,
    @Context() context: RequestContext,
  ): Promise<IssuedApiKey> {
    return this.dispatcher.execute(new IssueApiKey(tenantId, role, name, context));
  }
}
