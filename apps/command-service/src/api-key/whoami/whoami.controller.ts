import { Controller, Get } from '@nestjs/common';
import type { ApiKeyId, Role, TenantId } from '@postern/contracts';
import { Allow, Caller, Documented, json, roleView, text, view, type Principal } from '@postern/http';

interface WhoAmI {
  readonly role: Role;
  readonly tenantId: TenantId | null;
  readonly keyId: ApiKeyId;
  readonly name: string;
}

const whoAmIView = view<WhoAmI>('WhoAmI', 'What the API key opens.', {
  role: roleView,
  tenantId: text<TenantId>('acme', 'Null: the key belongs to no tenant.').nullable(),
  keyId: text<ApiKeyId>('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  name: text('ci'),
});

@Controller('v1/whoami')
@Allow('operator', 'admin', 'auditor', 'relay')
export class WhoAmIController {
  @Get()
  @Documented({
    tag: 'Yourself',
    id: 'getWhoami',
    summary: 'The role, the tenant and the name of your API key',
    answer: json(whoAmIView),
  })
  whoAmI(@Caller() { actor, tenantId }: Principal): WhoAmI {
    return { role: actor.role, tenantId, keyId: actor.keyId, name: actor.name };
  }
}
