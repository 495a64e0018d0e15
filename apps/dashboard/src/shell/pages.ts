import {
  IconBuilding,
  IconHeartRateMonitor,
  IconHistory,
  IconKey,
  IconMail,
  IconMessageReport,
  IconServer2,
  IconShieldX,
  type Icon,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';

interface Section {
  readonly label: string;
  readonly of: 'tenant' | 'operator';
  readonly pages: readonly NavigationPage[];
}

export interface NavigationPage {
  /** `$tenantId` is replaced by the tenant that is shown. */
  readonly path: NonNullable<LinkProps['to']>;
  readonly label: string;
  readonly icon: Icon;
}

export const SECTIONS: readonly Section[] = [
  {
    label: 'Outbound',
    of: 'tenant',
    pages: [{ path: '/t/$tenantId/smtp-users', label: 'SMTP users', icon: IconMail }],
  },
  {
    label: 'Audit',
    of: 'tenant',
    pages: [
      { path: '/t/$tenantId/denials', label: 'Denials', icon: IconShieldX },
      { path: '/t/$tenantId/changes', label: 'Changes', icon: IconHistory },
    ],
  },
  {
    label: 'Settings',
    of: 'tenant',
    pages: [
      { path: '/t/$tenantId/api-keys', label: 'API keys', icon: IconKey },
      { path: '/t/$tenantId/reply', label: 'Reply to the client', icon: IconMessageReport },
    ],
  },
  {
    label: 'Operator',
    of: 'operator',
    pages: [
      { path: '/operator/tenants', label: 'Tenants', icon: IconBuilding },
      { path: '/operator/relays', label: 'Relays', icon: IconServer2 },
      { path: '/operator/system', label: 'System', icon: IconHeartRateMonitor },
      { path: '/operator/api-keys', label: 'Operator keys', icon: IconKey },
    ],
  },
];

/** The section and page of a path, and whether the path is below that page. */
export function pageOf(pathname: string): { section: Section; page: NavigationPage; below: boolean } | undefined {
  for (const section of SECTIONS) {
    for (const page of section.pages) {
      const found = new RegExp(`^${page.path.replace('$tenantId', '[^/]+')}(/.+)?$`).exec(pathname);
      if (found) return { section, page, below: found[1] !== undefined };
    }
  }
  return undefined;
}
