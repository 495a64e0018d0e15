import { pageView, text, time, view } from '@postern/http';
import type { Tenant } from './tenants.js';

export const tenantView = view<Tenant>('Tenant', 'A customer account.', {
  id: text('acme'),
  name: text('Acme Ltd'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
});

export const tenantPageView = pageView('TenantPage', tenantView);
