import { Body, Controller, Inject, Post } from '@nestjs/common';
import { newId, type TenantId } from '@postern/contracts';
import { Allow, Context, Documented, json, type RequestContext } from '@postern/http';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { plainText } from '../../http/plain-text.js';
import { LONGEST_NAME, TENANT_ID, type Tenant } from '../tenants.js';
import { tenantView } from '../tenant-views.js';
import { CreateTenant } from './create-tenant.command.js';

const CreateTenantBody = z.strictObject({
  id: z
    .string()
    .regex(TENANT_ID, 'A tenant id is 1 to 63 of a-z, 0-9 and -, and does not begin with -.')
    .transform((id) => id as TenantId)
    .optional()
    .meta({ description: 'Left out: a UUIDv7 is made.', examples: ['acme'] }),
  name: plainText(LONGEST_NAME).meta({ examples: ['Acme Ltd'] }),
});

@Controller('v1/tenants')
@Allow('operator')
export class CreateTenantController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @Documented({
    tag: 'Tenants',
    summary: 'Create a tenant',
    takes: ['Idempotency-Key'],
    status: 201,
    answer: json(tenantView),
    tells: ['Idempotency-Replayed'],
    problems: ['tenant-exists'],
  })
  create(
    @Body({ schema: CreateTenantBody }) body: z.infer<typeof CreateTenantBody>,
    @Context() context: RequestContext,
  ): Promise<Tenant> {
    return this.dispatcher.execute(new CreateTenant(body.id ?? newId<TenantId>(), body.name, context));
  }
}
