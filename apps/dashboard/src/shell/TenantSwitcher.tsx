import { Button, Combobox, ScrollArea, Text, useCombobox } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { tenantsQuery } from '../pages/operator/tenants-query.js';
import { TenantButton } from './TenantButton.js';

const MAX_SHOWN = 50;

export function TenantSwitcher({ tenantId }: { readonly tenantId: string | undefined }) {
  const [search, setSearch] = useState('');
  const navigate = useNavigate();
  const combobox = useCombobox({
    onDropdownOpen: () => combobox.focusSearchInput(),
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      combobox.focusTarget();
      setSearch('');
    },
  });
  const tenants = useInfiniteQuery({ ...tenantsQuery, enabled: combobox.dropdownOpened });
  const words = search.trim().toLowerCase();
  const found = useMemo(
    () => (tenants.data ?? []).filter(({ id, name }) => id.includes(words) || name.toLowerCase().includes(words)),
    [tenants.data, words],
  );
  return (
    <Combobox
      store={combobox}
      width={300}
      position="bottom-end"
      onOptionSubmit={(id) => {
        combobox.closeDropdown();
        void navigate({ to: '/t/$tenantId/smtp-users', params: { tenantId: id }, search: {} });
      }}
    >
      <Combobox.Target targetType="button">
        <TenantButton tenantId={tenantId} onClick={() => combobox.toggleDropdown()} />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          placeholder="Find a tenant"
          aria-label="Find a tenant"
        />
        <Combobox.Options>
          <ScrollArea.Autosize mah={320} type="scroll">
            {found.slice(0, MAX_SHOWN).map(({ id, name }) => (
              <Combobox.Option key={id} value={id} active={id === tenantId}>
                <Text size="sm" truncate>
                  {name}
                </Text>
                <Text size="xs" c="dimmed" className="mono" truncate>
                  {id}
                </Text>
              </Combobox.Option>
            ))}
            {found.length === 0 && (
              <Combobox.Empty>
                {tenants.isPending ? 'Loading …' : tenants.error ? tenants.error.message : 'No such tenant'}
              </Combobox.Empty>
            )}
          </ScrollArea.Autosize>
          {tenants.hasNextPage && (
            <Combobox.Footer>
              <Button
                variant="subtle"
                size="compact-xs"
                loading={tenants.isFetchingNextPage}
                onClick={() => void tenants.fetchNextPage()}
              >
                Load more tenants
              </Button>
            </Combobox.Footer>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
