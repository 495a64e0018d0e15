import { Body, Controller, Inject, Post } from '@nestjs/common';
import { newId, type TenantId } from '@postern/contracts';
import { Allow, Context, type RequestContext } from '@postern/service-kit';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { plainText } from '../../http/plain-text.js';
import { LONGEST_NAME, TENANT_ID, type Tenant } from '../tenants.js';
import { CreateTenant } from './create-tenant.command.js';

const CreateTenantBody = z.strictObject({
  id: z
    .string()
    .regex(TENANT_ID, 'A tenant id is 1 to 63 of a-z, 0-9 and -, and does not begin with -.')
    .transform((id) => id as TenantId)
    .optional(),
  name: plainText(LONGEST_NAME),
});

@Controller('v1/tenants')
@Allow('operator')
export class CreateTenantController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  create(
    @Body({ schema: CreateTenantBody }) body: z.infer<typeof CreateTenantBody>,
    @Context() context: RequestContext,
  ): Promise<Tenant> {
    return this.dispatcher.execute(new CreateTenant(body.id ?? newId<TenantId>(), body.name, context));
  }
}
