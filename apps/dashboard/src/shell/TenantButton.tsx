import { Button, Text } from '@mantine/core';
import { IconSelector } from '@tabler/icons-react';
import type { ComponentProps } from 'react';

/** Opens the list of tenants. It is shown before that list is loaded, so that nothing next to it moves. */
export function TenantButton({
  tenantId,
  ...props
}: { readonly tenantId: string | undefined } & Pick<ComponentProps<'button'>, 'onClick'>) {
  return (
    <Button
      variant="default"
      size="xs"
      maw={180}
      rightSection={<IconSelector size={14} aria-hidden />}
      aria-label={tenantId === undefined ? 'Choose a tenant' : `Tenant: ${tenantId}. Choose another`}
      {...props}
    >
      <Text span inherit truncate>
        {tenantId ?? 'Choose a tenant'}
      </Text>
    </Button>
  );
}
