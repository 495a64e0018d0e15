import { pageView, text, time, view } from '@postern/http';
import type { z } from 'zod';

/** Chosen by the caller; a UUID also matches (API: ids and names). */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const LONGEST_NAME = 200;

export const tenantView = view('Tenant', 'A customer account.', {
  id: text('acme'),
  name: text('Acme Ltd'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
});
export type Tenant = z.infer<typeof tenantView>;

export const tenantPageView = pageView('TenantPage', tenantView);
