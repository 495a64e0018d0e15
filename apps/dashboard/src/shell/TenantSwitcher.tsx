import { Select, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { tenantsQuery } from '../pages/operator/tenants-query.js';

const MAX_SHOWN = 50;

/** Loads the list of tenants when it is opened, to its end: it is searched here. */
export function TenantSwitcher({ tenantId }: { readonly tenantId: string | undefined }) {
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure(false);
  const tenants = useInfiniteQuery({ ...tenantsQuery, enabled: opened });
  const { hasNextPage, isFetching, error, fetchNextPage } = tenants;
  useEffect(() => {
    if (opened && hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [opened, hasNextPage, isFetching, error, fetchNextPage]);
  const names = new Map(tenants.data?.map(({ id, name }) => [id, name]));
  const ids = new Set(tenantId === undefined ? names.keys() : [tenantId, ...names.keys()]);
  return (
    <Select
      aria-label="Tenant"
      placeholder="Tenant …"
      size="xs"
      w={{ base: 112, sm: 160 }}
      data={[...ids]}
      value={tenantId ?? null}
      onChange={(id) =>
        id !== null && void navigate({ to: '/t/$tenantId/smtp-users', params: { tenantId: id }, search: {} })
      }
      allowDeselect={false}
      searchable
      limit={MAX_SHOWN}
      filter={({ options, search, limit }) => {
        const words = search.trim().toLowerCase();
        return options
          .filter(
            (option) =>
              'value' in option && `${option.value} ${names.get(option.value)?.toLowerCase()}`.includes(words),
          )
          .slice(0, limit);
      }}
      renderOption={({ option: { value } }) => (
        <div>
          <Text size="sm">{names.get(value)}</Text>
          <Text size="xs" className="mono">
            {value}
          </Text>
        </div>
      )}
      nothingFoundMessage={error?.message ?? (isFetching ? 'Loading …' : 'No such tenant')}
      onFocus={(event) => event.currentTarget.select()}
      onDropdownOpen={open}
      onDropdownClose={close}
      comboboxProps={{ width: 300, position: 'bottom-end' }}
    />
  );
}
