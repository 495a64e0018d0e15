import { NavLink, Stack, Text } from '@mantine/core';
import { IconHelpCircle, type Icon } from '@tabler/icons-react';
import { Link, type LinkProps } from '@tanstack/react-router';
import type { WhoAmI } from '../api/session.js';
import { SECTIONS } from './pages.js';

interface Props {
  readonly me: WhoAmI;
  /** Undefined for an operator who has not chosen a tenant. */
  readonly tenantId: string | undefined;
  readonly onNavigate?: () => void;
}

export function Navigation({ me, tenantId, onNavigate }: Props) {
  const shown = SECTIONS.filter(({ of }) => (of === 'tenant' ? tenantId !== undefined : me.role === 'operator'));
  const link = (label: string, Icon: Icon, to: LinkProps['to']) => (
    <NavLink
      key={label}
      label={label}
      leftSection={<Icon size={16} stroke={1.75} aria-hidden />}
      {...(onNavigate && { onClick: onNavigate })}
      renderRoot={(props) => <Link {...props} to={to} params={{ tenantId: tenantId ?? '' }} />}
    />
  );
  return (
    <Stack gap="md" flex={1} p="xs">
      {shown.map((section) => (
        <section key={section.label} aria-label={section.label}>
          <Text size="xs" fw={500} c="dimmed" px="sm" pb={4}>
            {section.label}
          </Text>
          {section.pages.map(({ path, label, icon }) => link(label, icon, path))}
        </section>
      ))}
      <Stack mt="auto">{link('Help: IP not authorized', IconHelpCircle, '/help/ip-not-authorized')}</Stack>
    </Stack>
  );
}
