import { ActionIcon, AppShell, Container, Drawer, Flex, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMenu2 } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { whoAmI } from '../api/session.js';
import { LockoutDialog } from '../lockout/LockoutDialog.js';
import { Account } from './Account.js';
import { Breadcrumb } from './Breadcrumb.js';
import { ColorScheme } from './ColorScheme.js';
import classes from './Frame.module.css';
import { Jump } from './Jump.js';
import { Mark } from './Mark.js';
import { Navigation } from './Navigation.js';
import { SessionEnded } from './SessionEnded.js';
import { TenantSwitcher } from './TenantSwitcher.js';

export function Frame({ children }: { readonly children?: ReactNode }) {
  const [sheet, { open, close }] = useDisclosure(false);
  const { data: me } = useSuspenseQuery(whoAmI);
  const { tenantId: shown } = useParams({ strict: false });
  const tenantId = me.tenantId ?? shown;
  return (
    <AppShell
      layout="alt"
      header={{ height: 'var(--postern-header)' }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: true } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a href="#main" className={classes['skip']}>
        Skip to content
      </a>
      <AppShell.Navbar visibleFrom="sm" bg="var(--postern-side)" aria-label="Pages" style={{ overflowY: 'auto' }}>
        <Flex component={Link} to="/" align="center" h="var(--postern-header)" px="lg" flex="none" c="inherit">
          <Mark />
        </Flex>
        <Navigation me={me} tenantId={tenantId} />
      </AppShell.Navbar>
      <AppShell.Header>
        <Group h="100%" wrap="nowrap" gap="xs" pl={{ base: 'xs', sm: 'xl' }} pr={{ base: 'xs', sm: 'md' }}>
          <ActionIcon hiddenFrom="sm" size="lg" onClick={open} aria-label="Menu">
            <IconMenu2 size={18} stroke={1.75} aria-hidden />
          </ActionIcon>
          <Breadcrumb tenantId={tenantId} />
          <Group flex="none" wrap="nowrap" gap={4}>
            <Jump me={me} tenantId={tenantId} />
            {me.role === 'operator' && <TenantSwitcher tenantId={tenantId} />}
            <ColorScheme />
            <Account me={me} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main id="main" tabIndex={-1}>
        <Container size={1240} px={0} pb="xl">
          {children ?? <Outlet />}
        </Container>
      </AppShell.Main>
      <Drawer
        opened={sheet}
        onClose={close}
        size={280}
        title={<Mark />}
        closeButtonProps={{ 'aria-label': 'Close the menu' }}
      >
        <nav aria-label="Pages">
          <Navigation me={me} tenantId={tenantId} onNavigate={close} />
        </nav>
      </Drawer>
      <LockoutDialog />
      <SessionEnded />
    </AppShell>
  );
}
