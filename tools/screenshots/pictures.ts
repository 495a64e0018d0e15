import { dashboardStory } from '@postern/testing';
import type { Page } from 'playwright-core';

const { APP, EXPIRED, LONG, MANY, OPEN, REPORT_ONLY, WORLD } = dashboardStory;

export interface Picture {
  /** The file's name, without its width and theme. */
  readonly name: string;
  readonly as: 'operator' | 'admin' | 'auditor' | 'nobody';
  readonly path: string;
  /** In which themes it is part of the documentation. */
  readonly docs?: readonly ('light' | 'dark')[];
  /** The page to its end, and not only what fits the window. */
  readonly whole?: boolean;
  /** Brings the page into the state that is shown. */
  readonly before?: (page: Page) => Promise<void>;
}

const PASTED = `198.51.100.7, new office
198.51.100.42/24
2001:db8:1::/48, Frankfurt
203.0.113.9
010.0.0.1
`;

/** Each page and each state that is worth a look. */
export function pictures({ userIds }: dashboardStory.Story): readonly Picture[] {
  const user = (username: string, more = '') => `/t/acme/smtp-users/${userIds.get(username)}${more}`;
  const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
  const paste = async (page: Page) => {
    await press('Add addresses')(page);
    await page.getByLabel('Addresses and ranges').fill(PASTED);
  };
  return [
    { name: 'smtp-users', as: 'admin', path: '/t/acme/smtp-users', docs: ['light', 'dark'] },
    { name: 'smtp-users-refusing', as: 'admin', path: '/t/acme/smtp-users?state=refusing' },
    { name: 'smtp-users-none', as: 'admin', path: '/t/acme/smtp-users?query=nobody-has-this-name' },
    { name: 'smtp-users-end', as: 'auditor', path: '/t/acme/smtp-users?query=acme', whole: true },
    { name: 'smtp-user', as: 'admin', path: user(APP), docs: ['light', 'dark'], whole: true },
    { name: 'smtp-user-add', as: 'admin', path: user(APP), docs: ['light'], before: paste },
    { name: 'smtp-user-denied', as: 'admin', path: user(APP, '?tab=denied'), docs: ['light'], whole: true },
    { name: 'smtp-user-sources', as: 'admin', path: user(APP, '?tab=sources'), docs: ['light'], whole: true },
    { name: 'smtp-user-suggest', as: 'admin', path: user(OPEN), before: press('Suggest a list') },
    { name: 'smtp-user-history', as: 'admin', path: user(APP, '?tab=history'), docs: ['light'], whole: true },
    { name: 'smtp-user-auditor', as: 'auditor', path: user(APP), whole: true },
    { name: 'smtp-user-open', as: 'admin', path: user(OPEN), whole: true },
    { name: 'smtp-user-expired', as: 'admin', path: user(EXPIRED), whole: true },
    { name: 'smtp-user-report-only', as: 'admin', path: user(REPORT_ONLY), whole: true },
    { name: 'smtp-user-many', as: 'admin', path: user(MANY) },
    { name: 'smtp-user-long', as: 'admin', path: user(LONG), whole: true },
    { name: 'smtp-user-world', as: 'admin', path: user(WORLD), whole: true },
    { name: 'denials', as: 'auditor', path: '/t/acme/denials', docs: ['light'] },
    { name: 'denials-none', as: 'auditor', path: '/t/acme/denials?ip=192.0.2.250' },
    { name: 'changes', as: 'auditor', path: '/t/acme/changes', docs: ['dark'] },
    { name: 'api-keys', as: 'admin', path: '/t/acme/api-keys' },
    { name: 'reply', as: 'admin', path: '/t/acme/reply', whole: true },
    { name: 'operator-tenants', as: 'operator', path: '/operator/tenants' },
    { name: 'operator-relays', as: 'operator', path: '/operator/relays', docs: ['light'] },
    { name: 'operator-system', as: 'operator', path: '/operator/system', docs: ['light'], whole: true },
    { name: 'operator-api-keys', as: 'operator', path: '/operator/api-keys' },
    { name: 'help', as: 'nobody', path: '/help/ip-not-authorized', docs: ['light'], whole: true },
    { name: 'sign-in', as: 'nobody', path: '/sign-in' },
    { name: 'not-found', as: 'admin', path: '/t/acme/nothing' },
  ];
}
