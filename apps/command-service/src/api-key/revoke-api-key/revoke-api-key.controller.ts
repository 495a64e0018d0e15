import { Controller, Delete, HttpCode, Inject, Param } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Context, Documented, Tenant, type RequestContext } from '@postern/http';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { RevokeApiKey } from './revoke-api-key.command.js';

/** Keys that belong to no tenant. */
@Controller('v1/api-keys/:keyId')
@Allow('operator')
export class RevokeApiKeyController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Delete()
  @HttpCode(204)
  @Documented({
    tag: 'API keys',
    summary: 'Revoke a key of an operator or a relay',
    takes: ['Idempotency-Key'],
    status: 204,
    tells: ['Idempotency-Replayed'],
    problems: ['api-key-not-found', 'last-operator-key'],
  })
  async revoke(@Param('keyId') keyId: string, @Context() context: RequestContext): Promise<void> {
    await this.dispatcher.execute(new RevokeApiKey(null, keyId, context));
  }
}

@Controller('v1/tenants/:tenantId/api-keys/:keyId')
@Allow('operator', 'admin')
export class RevokeTenantApiKeyController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Delete()
  @HttpCode(204)
  @Documented({
    tag: 'API keys',
    summary: 'Revoke a key of a tenant',
    takes: ['Idempotency-Key'],
    status: 204,
    tells: ['Idempotency-Replayed'],
    problems: ['api-key-not-found'],
  })
  async revoke(
    @Tenant() tenantId: TenantId,
    @Param('keyId') keyId: string,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.dispatcher.execute(new RevokeApiKey(tenantId, keyId, context));
  }
}
