import { pageView, text, time, view } from '@postern/http';
import type { z } from 'zod';

export const LONGEST_NAME = 200;

export const tenantView = view('Tenant', 'A customer account.', {
  id: text('acme'),
  name: text('Acme Ltd'),
  createdAt: time('2026-11-01T08:00:00.000Z'),
});
export type Tenant = z.infer<typeof tenantView>;

export const tenantPageView = pageView('TenantPage', tenantView);
