import { parseAddress } from '@postern/ip-ranges';
import { IconBuilding, IconShieldX, IconUser, type Icon } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, take, type Schema } from '../api/client.js';
import type { WhoAmI } from '../api/session.js';
import { tenantsQuery } from '../pages/operator/tenants-query.js';
import { relativeTime } from '../ui/dates.js';
import { SECTIONS } from './pages.js';

export interface Target {
  readonly key: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly icon?: Icon;
  readonly go: () => Promise<void>;
}

interface Group {
  readonly label: string;
  readonly targets: readonly Target[];
}

const MAX_USERS = 8;
/** How many denials of an address are read to find its SMTP users. */
const MAX_DENIALS = 200;

/** Where these words can lead: pages, SMTP users, tenants; for an address also the SMTP users that it was denied to. */
export function useTargets(
  words: string,
  tenantId: string | undefined,
  me: WhoAmI,
): { groups: readonly Group[]; isFetching: boolean; problem: string | undefined } {
  const navigate = useNavigate();
  const parsed = parseAddress(words);
  const ip = parsed.ok ? parsed.value.text : undefined;
  const tenant = { tenantId: tenantId ?? '' };
  const tenants = useInfiniteQuery({
    ...tenantsQuery,
    enabled: me.role === 'operator' && words !== '' && ip === undefined,
  });
  const usersQuery = (query: { query: string } | { allows: string }) => ({
    queryKey: ['jump', 'users', tenantId, query],
    queryFn: ({ signal }: { signal: AbortSignal }) => {
      const params = { path: tenant, query: { ...query, limit: MAX_USERS } };
      return take(api.GET('/v1/tenants/{tenantId}/smtp-users', { params, signal }));
    },
  });
  const isTenantsIp = tenantId !== undefined && ip !== undefined;
  const [users, allowing, denials] = useQueries({
    queries: [
      {
        ...usersQuery({ query: words }),
        enabled: tenantId !== undefined && ip === undefined && words !== '',
        placeholderData: keepPreviousData,
      },
      { ...usersQuery({ allows: ip ?? '' }), enabled: isTenantsIp },
      {
        queryKey: ['jump', 'denials', tenantId, ip],
        queryFn: ({ signal }: { signal: AbortSignal }) => {
          const params = { path: tenant, query: { ...(ip !== undefined && { ip }), limit: MAX_DENIALS } };
          return take(api.GET('/v1/tenants/{tenantId}/denials', { params, signal }));
        },
        enabled: isTenantsIp,
      },
    ],
  });

  const userTarget = (kind: string, smtpUserId: string, username: string, hint?: string): Target => ({
    key: `${kind} ${smtpUserId}`,
    label: username,
    hint,
    icon: IconUser,
    go: () =>
      navigate({
        to: '/t/$tenantId/smtp-users/$smtpUserId',
        params: { ...tenant, smtpUserId },
        search: ip === undefined ? {} : { why: ip },
      }),
  });
  const ofAddress = (): Group[] => {
    const found = denials.data?.items ?? [];
    const all: Target = {
      key: 'denials',
      label: found.length === 0 ? 'No login was denied from it' : 'All denials from this address',
      hint: 'Denials',
      icon: IconShieldX,
      go: () => navigate({ to: '/t/$tenantId/denials', params: tenant, search: { ip } }),
    };
    const denied = byUser(found).map(({ smtpUserId, username, count, last }) => {
      const when = relativeTime(new Date(last), new Date(denials.dataUpdatedAt));
      return userTarget('denied', smtpUserId, username, `${count.toLocaleString('en')} denied, last ${when}`);
    });
    const allowed = (allowing.data?.items ?? []).map(({ id, username }) => userTarget('allowed', id, username));
    return [
      { label: `Denied from ${ip}`, targets: [...denied, all] },
      { label: `Users whose list allows ${ip}`, targets: allowed },
    ];
  };
  const ofWords = (): Group[] => {
    const has = (text: string) => text.toLowerCase().includes(words.toLowerCase());
    const named = (users.data?.items ?? []).map(({ id, username }) => userTarget('named', id, username));
    const pages = SECTIONS.filter(({ of }) => (of === 'tenant' ? tenantId !== undefined : me.role === 'operator'))
      .flatMap((section) => section.pages.map((page) => ({ ...page, section: section.label })))
      .filter(({ label, section }) => has(`${section} ${label}`))
      .map(({ path, label, section, icon }) => ({
        key: path,
        label,
        hint: section,
        icon,
        go: () => navigate({ to: path, params: tenant, search: {} }),
      }));
    const ofOperator = (tenants.data ?? [])
      .filter(({ id, name }) => has(`${id} ${name}`))
      .slice(0, MAX_USERS)
      .map(({ id, name }) => ({
        key: `tenant ${id}`,
        label: name,
        hint: id,
        icon: IconBuilding,
        go: () => navigate({ to: '/t/$tenantId/smtp-users', params: { tenantId: id }, search: {} }),
      }));
    return [
      { label: 'SMTP users', targets: words === '' ? [] : named },
      { label: 'Pages', targets: pages },
      { label: 'Tenants', targets: words === '' ? [] : ofOperator },
    ];
  };
  const groups = isTenantsIp ? ofAddress() : ofWords();
  const sources = [users, allowing, denials, tenants];
  return {
    groups: groups.filter(({ targets }) => targets.length > 0),
    isFetching: sources.some((query) => query.isFetching),
    problem: sources.find((query) => query.error)?.error?.message,
  };
}

function byUser(denials: readonly Schema<'Denial'>[]) {
  const users = new Map<string, { smtpUserId: string; username: string; count: number; last: string }>();
  for (const { smtpUserId, username, count, occurredAt } of denials) {
    const user = users.get(smtpUserId);
    if (user) user.count += count;
    else users.set(smtpUserId, { smtpUserId, username, count, last: occurredAt });
  }
  return [...users.values()].slice(0, MAX_USERS);
}
