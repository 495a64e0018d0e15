import { Query } from '@nestjs/cqrs';
import type { Page, PageRequest } from '@postern/lists';
import type { Tenant } from '../tenants.js';

/** A page of all tenants, by id. */
export class ListTenants extends Query<Page<Tenant>> {
  constructor(readonly page: PageRequest) {
    super();
  }
}
