import { IconHelpCircle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { WhoAmI } from '../api/session.js';
import classes from './Navigation.module.css';
import { SECTIONS } from './pages.js';

interface Props {
  readonly me: WhoAmI;
  /** Undefined for an operator who has not chosen a tenant. */
  readonly tenantId: string | undefined;
  readonly onNavigate?: () => void;
}

const active = { className: classes['active'] ?? '' };

export function Navigation({ me, tenantId, onNavigate }: Props) {
  const shown = SECTIONS.filter(({ of }) => (of === 'tenant' ? tenantId !== undefined : me.role === 'operator'));
  return (
    <nav aria-label="Pages" className={classes['navigation']}>
      {shown.map((section) => (
        <section key={section.label} aria-label={section.label}>
          <div className={classes['section']}>{section.label}</div>
          {section.pages.map(({ path, label, icon: Icon }) => (
            <Link
              key={path}
              to={path}
              params={{ tenantId: tenantId ?? '' }}
              className={classes['link']}
              activeProps={active}
              onClick={onNavigate}
            >
              <Icon size={16} stroke={1.75} aria-hidden />
              {label}
            </Link>
          ))}
        </section>
      ))}
      <section aria-label="Help" className={classes['last']}>
        <Link to="/help/ip-not-authorized" className={classes['link']} activeProps={active} onClick={onNavigate}>
          <IconHelpCircle size={16} stroke={1.75} aria-hidden />
          Help: IP not authorized
        </Link>
      </section>
    </nav>
  );
}
