import { dashboardStory } from '@postern/testing';
import type { Page } from 'playwright-core';

const { APP, EXPIRED, LONG, MANY, OPEN, REPORT_ONLY, WORLD } = dashboardStory;

export interface Picture {
  /** The file's name, without its width and theme. */
  readonly name: string;
  readonly as: 'operator' | 'admin' | 'auditor' | 'nobody';
  readonly path: string;
  /** Part of the documentation. */
  readonly docs?: true;
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
    // The draft of the picture before is kept.
    await press(/^(Add addresses|Continue adding)$/)(page);
    await page.getByLabel('Addresses and ranges').fill(PASTED);
  };
  const suggest = async (page: Page) => {
    await press('Suggest a list')(page);
    await page.getByText(/in the last 30 days/).waitFor();
  };
  const openEntry = async (page: Page) => {
    await press(/^Change or remove/)(page);
    await page.getByText(/in the last 30 days/).waitFor();
  };
  return [
    { name: 'smtp-users', as: 'admin', path: '/t/acme/smtp-users', docs: true },
    { name: 'smtp-users-refusing', as: 'admin', path: '/t/acme/smtp-users?state=refusing' },
    { name: 'smtp-users-none', as: 'admin', path: '/t/acme/smtp-users?query=nobody-has-this-name' },
    { name: 'smtp-users-end', as: 'auditor', path: '/t/acme/smtp-users?query=acme', whole: true },
    { name: 'smtp-user', as: 'admin', path: user(APP), docs: true, whole: true },
    { name: 'smtp-user-denied', as: 'admin', path: user(APP, '?tab=denied'), docs: true, whole: true },
    { name: 'smtp-user-sources', as: 'admin', path: user(APP, '?tab=sources'), docs: true, whole: true },
    { name: 'smtp-user-suggest', as: 'admin', path: user(OPEN), docs: true, before: suggest },
    { name: 'smtp-user-history', as: 'admin', path: user(APP, '?tab=history'), docs: true, whole: true },
    // It leaves a draft behind: after all others of this user.
    { name: 'smtp-user-add', as: 'admin', path: user(APP), docs: true, before: paste },
    { name: 'smtp-user-entry', as: 'admin', path: user(APP), before: openEntry },
    { name: 'smtp-user-auditor', as: 'auditor', path: user(APP), whole: true },
    { name: 'smtp-user-open', as: 'admin', path: user(OPEN), whole: true },
    { name: 'smtp-user-expired', as: 'admin', path: user(EXPIRED), whole: true },
    { name: 'smtp-user-report-only', as: 'admin', path: user(REPORT_ONLY), whole: true },
    { name: 'smtp-user-many', as: 'admin', path: user(MANY) },
    { name: 'smtp-user-long', as: 'admin', path: user(LONG), whole: true },
    { name: 'smtp-user-world', as: 'admin', path: user(WORLD), whole: true },
    { name: 'denials', as: 'auditor', path: '/t/acme/denials', docs: true },
    { name: 'denials-none', as: 'auditor', path: '/t/acme/denials?ip=192.0.2.250' },
    { name: 'changes', as: 'auditor', path: '/t/acme/changes', docs: true },
    { name: 'api-keys', as: 'admin', path: '/t/acme/api-keys', docs: true },
    { name: 'reply', as: 'admin', path: '/t/acme/reply', docs: true, whole: true },
    { name: 'operator-tenants', as: 'operator', path: '/operator/tenants', docs: true },
    { name: 'operator-relays', as: 'operator', path: '/operator/relays', docs: true },
    { name: 'operator-system', as: 'operator', path: '/operator/system', docs: true, whole: true },
    { name: 'operator-api-keys', as: 'operator', path: '/operator/api-keys', docs: true },
    { name: 'help', as: 'nobody', path: '/help/ip-not-authorized', docs: true, whole: true },
    { name: 'sign-in', as: 'nobody', path: '/sign-in', docs: true },
    { name: 'not-found', as: 'admin', path: '/t/acme/nothing' },
  ];
}
