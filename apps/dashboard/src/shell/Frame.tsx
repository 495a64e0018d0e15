import { ActionIcon, Drawer } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMenu2 } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { lazy, Suspense, type ReactNode } from 'react';
import { whoAmI } from '../api/session.js';
import { Account } from './Account.js';
import { Breadcrumb } from './Breadcrumb.js';
import { ColorScheme } from './ColorScheme.js';
import classes from './Frame.module.css';
import { Jump } from './jump/Jump.js';
import { Mark } from './Mark.js';
import { Navigation } from './Navigation.js';
import { LockoutDialog } from '../lockout/LockoutDialog.js';
import { SessionEnded } from './SessionEnded.js';
import { TenantButton } from './TenantButton.js';

const TenantSwitcher = lazy(async () => ({ default: (await import('./TenantSwitcher.js')).TenantSwitcher }));

export function Frame({ children }: { readonly children?: ReactNode }) {
  const [sheet, { open, close }] = useDisclosure(false);
  const { data: me } = useSuspenseQuery(whoAmI);
  const { tenantId: shown } = useParams({ strict: false });
  const tenantId = me.tenantId ?? shown;
  return (
    <div className={classes['frame']}>
      <a href="#main" className={classes['skip']}>
        Skip to content
      </a>
      <aside className={classes['side']}>
        <Brand />
        <Navigation me={me} tenantId={tenantId} />
      </aside>
      <Drawer
        opened={sheet}
        onClose={close}
        size={280}
        title={<Mark />}
        closeButtonProps={{ 'aria-label': 'Close the menu' }}
        classNames={{ content: classes['sheet'], header: classes['sheetHeader'], body: classes['sheetBody'] }}
      >
        <Navigation me={me} tenantId={tenantId} onNavigate={close} />
      </Drawer>
      <div className={classes['page']}>
        <header className={classes['header']}>
          <ActionIcon className={classes['menu']} size="lg" onClick={open} aria-label="Menu">
            <IconMenu2 size={18} stroke={1.75} aria-hidden />
          </ActionIcon>
          <Breadcrumb tenantId={tenantId} />
          <div className={classes['tools']}>
            <Jump me={me} tenantId={tenantId} />
            {me.role === 'operator' && (
              <Suspense fallback={<TenantButton tenantId={tenantId} />}>
                <TenantSwitcher tenantId={tenantId} />
              </Suspense>
            )}
            <ColorScheme />
            <Account me={me} />
          </div>
        </header>
        <main id="main" tabIndex={-1} className={classes['main']}>
          {children ?? <Outlet />}
        </main>
      </div>
      <LockoutDialog />
      <SessionEnded />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className={classes['brand']}>
      <Mark />
    </Link>
  );
}
