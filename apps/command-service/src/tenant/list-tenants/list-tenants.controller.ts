import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented, json } from '@postern/http';
import { pageFields, pageRequest, type Page } from '@postern/lists';
import { z } from 'zod';
import { TENANT_ID, type Tenant } from '../tenants.js';
import { tenantPageView } from '../tenant-views.js';
import { ListTenants } from './list-tenants.query.js';

const TenantsQuery = z.strictObject(pageFields([(id) => TENANT_ID.test(id)]));

@Controller('v1/tenants')
@Allow('operator')
export class ListTenantsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @Documented({ tag: 'Tenants', summary: 'List the tenants, by id', answer: json(tenantPageView) })
  list(@Query({ schema: TenantsQuery }) query: z.infer<typeof TenantsQuery>): Promise<Page<Tenant>> {
    return this.queries.execute(new ListTenants(pageRequest(query)));
  }
}
