import { Body, Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { TENANT_ID } from '@postern/access';
import { newId, type TenantId, type Page } from '@postern/contracts';
import { Allow, Documented, json } from '@postern/http';
import { pageFields } from '@postern/lists';
import { z } from 'zod';
import { plainText } from '../write/plain-text.js';
import { Context, type WriteRequest } from '../write/request-context.js';
import { Write, Writes } from '../write/writes.js';
import { CreateTenant } from './create-tenant.js';
import { ListTenants, TENANTS_ORDER } from './list-tenants.js';
import { LONGEST_NAME, tenantPageView, tenantView, type Tenant } from './tenants.js';

const CreateTenantBody = z.strictObject({
  id: z
    .string()
    .regex(TENANT_ID, 'A tenant id has 1 to 63 characters of a-z, 0-9 and -; the first is not -.')
    .transform((id) => id as TenantId)
    .optional()
    .meta({ description: 'By default a new UUIDv7.', examples: ['acme'] }),
  name: plainText(LONGEST_NAME).meta({ examples: ['Acme Ltd'] }),
});
const TenantsQuery = z.strictObject(pageFields(TENANTS_ORDER));

@Controller('v1/tenants')
@Allow('operator')
export class TenantsController {
  constructor(
    @Inject(Writes) private readonly writes: Writes,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post()
  @Write({
    tag: 'Tenants',
    summary: 'Create a tenant',
    status: 201,
    answer: json(tenantView),
    problems: ['tenant-exists'],
  })
  createTenant(
    @Body({ schema: CreateTenantBody }) { id, name }: z.infer<typeof CreateTenantBody>,
    @Context() context: WriteRequest,
  ): Promise<Tenant> {
    return this.writes.carryOut(context, new CreateTenant(id ?? newId<TenantId>(), name, context));
  }

  @Get()
  @Documented({ tag: 'Tenants', summary: 'List the tenants, by id', answer: json(tenantPageView) })
  listTenants(@Query({ schema: TenantsQuery }) query: z.infer<typeof TenantsQuery>): Promise<Page<Tenant>> {
    return this.queries.execute(new ListTenants('all', query));
  }
}
