import { parseAddress } from '@postern/ip-ranges';
import { IconBuilding, IconShieldX, IconUser, type Icon } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, take, type Schema } from '../../api/client.js';
import type { WhoAmI } from '../../api/session.js';
import { tenantsQuery } from '../../pages/operator/tenants-query.js';
import { relativeTime } from '../../ui/dates.js';
import { SECTIONS } from '../pages.js';

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
  const [users, allowing, denials] = useQueries({
    queries: [
      {
        queryKey: ['jump', 'users', tenantId, words],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          take(
            api.GET('/v1/tenants/{tenantId}/smtp-users', {
              params: { path: tenant, query: { query: words, limit: MAX_USERS } },
              signal,
            }),
          ),
        enabled: tenantId !== undefined && ip === undefined && words !== '',
        placeholderData: keepPreviousData,
      },
      {
        queryKey: ['jump', 'allowing', tenantId, ip],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          take(
            api.GET('/v1/tenants/{tenantId}/smtp-users', {
              params: { path: tenant, query: { ...(ip !== undefined && { allows: ip }), limit: MAX_USERS } },
              signal,
            }),
          ),
        enabled: tenantId !== undefined && ip !== undefined,
      },
      {
        queryKey: ['jump', 'denials', tenantId, ip],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          take(
            api.GET('/v1/tenants/{tenantId}/denials', {
              params: { path: tenant, query: { ...(ip !== undefined && { ip }), limit: MAX_DENIALS } },
              signal,
            }),
          ),
        enabled: tenantId !== undefined && ip !== undefined,
      },
    ],
  });

  const toUser = (smtpUserId: string, why?: string) => () =>
    navigate({
      to: '/t/$tenantId/smtp-users/$smtpUserId',
      params: { ...tenant, smtpUserId },
      search: why === undefined ? {} : { why },
    });
  const groups: Group[] = [];
  const add = (label: string, targets: readonly Target[]) => {
    if (targets.length > 0) groups.push({ label, targets });
  };

  if (ip !== undefined && tenantId !== undefined) {
    const found = denials.data?.items ?? [];
    add(`Denied from ${ip}`, [
      ...byUser(found).map(({ smtpUserId, username, count, last }) => ({
        key: `denied ${smtpUserId}`,
        label: username,
        hint: `${count.toLocaleString('en')} denied, last ${relativeTime(new Date(last), new Date(denials.dataUpdatedAt))}`,
        icon: IconUser,
        go: toUser(smtpUserId, ip),
      })),
      {
        key: 'denials',
        label: found.length === 0 ? 'No login was denied from it' : 'All denials from this address',
        hint: 'Denials',
        icon: IconShieldX,
        go: () => navigate({ to: '/t/$tenantId/denials', params: tenant, search: { ip } }),
      },
    ]);
    add(
      `Users whose list allows ${ip}`,
      (allowing.data?.items ?? []).map(({ id, username }) => ({
        key: `allowed ${id}`,
        label: username,
        icon: IconUser,
        go: toUser(id, ip),
      })),
    );
  } else {
    const lowerCase = words.toLowerCase();
    if (words !== '') {
      add(
        'SMTP users',
        (users.data?.items ?? []).map(({ id, username }) => ({
          key: id,
          label: username,
          icon: IconUser,
          go: toUser(id),
        })),
      );
    }
    const pages = SECTIONS.filter(({ of }) => (of === 'tenant' ? tenantId !== undefined : me.role === 'operator'))
      .flatMap((section) => section.pages.map((page) => ({ ...page, section: section.label })))
      .filter(({ label, section }) => `${section} ${label}`.toLowerCase().includes(lowerCase))
      .map(({ path, label, section, icon }) => ({
        key: path,
        label,
        hint: section,
        icon,
        go: () => navigate({ to: path, params: tenant, search: {} }),
      }));
    add('Pages', pages);
    if (words !== '') {
      add(
        'Tenants',
        (tenants.data ?? [])
          .filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(lowerCase))
          .slice(0, MAX_USERS)
          .map(({ id, name }) => ({
            key: `tenant ${id}`,
            label: name,
            hint: id,
            icon: IconBuilding,
            go: () => navigate({ to: '/t/$tenantId/smtp-users', params: { tenantId: id }, search: {} }),
          })),
      );
    }
  }
  const sources = [users, allowing, denials, tenants];
  return {
    groups,
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
