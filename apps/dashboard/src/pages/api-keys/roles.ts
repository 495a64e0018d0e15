import type { Schema } from '../../api/client.js';

export type ApiKey = Schema<'ApiKey'>;
type Role = ApiKey['role'];

export const ROLES: Readonly<Record<Role, { readonly label: string; readonly may: string; readonly stops: string }>> = {
  admin: {
    label: 'Admin',
    may: 'Changes SMTP users, restrictions and keys of this tenant.',
    stops: 'Scripts and people that use it can no longer change or read anything of this tenant.',
  },
  auditor: {
    label: 'Auditor',
    may: 'Reads everything of this tenant; cannot change anything.',
    stops: 'Scripts and people that use it can no longer read anything of this tenant.',
  },
  operator: {
    label: 'Operator',
    may: 'Creates tenants and keys, and sees all tenants, relays and processes.',
    stops:
      'Scripts and people that use it can no longer create tenants and keys, or see the state of the installation.',
  },
  relay: {
    label: 'Relay',
    may: 'Fetches the policies of all tenants and reports denials: one for each mail relay.',
    stops:
      'Relays that use it get no more changes and cannot report denials. They keep deciding with their last policies.',
  },
};
