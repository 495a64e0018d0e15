import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  Text,
  Tooltip,
  useMantineColorScheme,
  type NavLinkProps,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBuilding,
  IconDeviceDesktop,
  IconHeartRateMonitor,
  IconHelpCircle,
  IconHistory,
  IconKey,
  IconLogout,
  IconMail,
  IconMessageReport,
  IconMoon,
  IconServer2,
  IconShieldX,
  IconSun,
  type Icon,
} from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createLink, Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import type { Ref } from 'react';
import { whoAmI, signOut } from '../api/session.js';
import classes from './Frame.module.css';
import { SessionEnded } from './SessionEnded.js';

const NavigationLink = createLink(
  (props: NavLinkProps & { readonly href?: string; readonly ref?: Ref<HTMLAnchorElement> }) => (
    <NavLink component="a" {...props} />
  ),
);
const icon = (Name: Icon) => <Name size={17} stroke={1.6} aria-hidden />;

/** The frame of every page for which one signs in: where one is, what else there is, who is signed in. */
export function Frame() {
  const [open, { toggle, close }] = useDisclosure(false);
  const { data: me } = useQuery(whoAmI);
  const { tenantId: shown } = useParams({ strict: false });
  const tenantId = me?.tenantId ?? shown;
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !open } }}>
      <a href="#main" className={classes['skip']}>
        Skip to content
      </a>
      <AppShell.Header className={classes['header']}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Link to="/" className={classes['brand']}>
              Postern
            </Link>
            {tenantId !== undefined && (
              <Text c="dimmed" size="sm" truncate>
                {tenantId}
              </Text>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ColorScheme />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes['side']} p="sm" onClick={close}>
        <nav aria-label="Pages">
          {tenantId !== undefined && (
            <>
              <Section>Outbound</Section>
              <NavigationLink
                to="/t/$tenantId/smtp-users"
                params={{ tenantId }}
                label="SMTP users"
                leftSection={icon(IconMail)}
              />
              <Section>Audit</Section>
              <NavigationLink
                to="/t/$tenantId/denials"
                params={{ tenantId }}
                label="Denials"
                leftSection={icon(IconShieldX)}
              />
              <NavigationLink
                to="/t/$tenantId/changes"
                params={{ tenantId }}
                label="Changes"
                leftSection={icon(IconHistory)}
              />
              <Section>Settings</Section>
              <NavigationLink
                to="/t/$tenantId/api-keys"
                params={{ tenantId }}
                label="API keys"
                leftSection={icon(IconKey)}
              />
              <NavigationLink
                to="/t/$tenantId/reply"
                params={{ tenantId }}
                label="Reply"
                leftSection={icon(IconMessageReport)}
              />
            </>
          )}
          {me?.role === 'operator' && (
            <>
              <Section>Operator</Section>
              <NavigationLink to="/operator/tenants" label="Tenants" leftSection={icon(IconBuilding)} />
              <NavigationLink to="/operator/relays" label="Relays" leftSection={icon(IconServer2)} />
              <NavigationLink to="/operator/system" label="System" leftSection={icon(IconHeartRateMonitor)} />
              <NavigationLink to="/operator/api-keys" label="Operator keys" leftSection={icon(IconKey)} />
            </>
          )}
          <Section>Help</Section>
          <NavigationLink to="/help/ip-not-authorized" label="IP not authorized" leftSection={icon(IconHelpCircle)} />
        </nav>
      </AppShell.Navbar>
      <AppShell.Main id="main" className={classes['main']}>
        <Outlet />
      </AppShell.Main>
      <SessionEnded />
    </AppShell>
  );
}

function Section({ children }: { readonly children: string }) {
  return (
    <Text size="xs" fw={500} c="dimmed" px="xs" pt="md" pb={4}>
      {children}
    </Text>
  );
}

export function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: 'light', light: 'dark', dark: 'auto' } as const;
  const Shown = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon }[colorScheme];
  return (
    <Tooltip label={`Colours: ${colorScheme === 'auto' ? 'as the system' : colorScheme}`}>
      <ActionIcon
        aria-label={`Colours: ${colorScheme}. Change to ${next[colorScheme]}`}
        onClick={() => setColorScheme(next[colorScheme])}
      >
        {icon(Shown)}
      </ActionIcon>
    </Tooltip>
  );
}

function Account() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { data: me } = useQuery(whoAmI);
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      await navigate({ to: '/sign-in' });
      queryClient.clear();
    },
  });
  if (!me) return null;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <button type="button" className={classes['account']}>
          {me.name}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Signed in with the key “{me.name}” ({me.role})
        </Menu.Label>
        <Menu.Item leftSection={icon(IconLogout)} onClick={() => leave.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
