import { Link, useLocation } from '@tanstack/react-router';
import { shownTitle } from '../ui/page-title.js';
import classes from './Breadcrumb.module.css';
import { pageOf } from './pages.js';

export function Breadcrumb({ tenantId }: { readonly tenantId: string | undefined }) {
  const { pathname } = useLocation();
  const title = shownTitle.use();
  const found = pageOf(pathname);
  if (!found) return <div className={classes['breadcrumb']}>{title}</div>;
  const { section, page, below } = found;
  return (
    <nav aria-label="Breadcrumb" className={classes['breadcrumb']}>
      <ol>
        <li className={classes['section']}>{section.label}</li>
        <li className={below ? classes['parent'] : undefined}>
          <Link to={page.path} params={{ tenantId: tenantId ?? '' }} aria-current={below ? undefined : 'page'}>
            {page.label}
          </Link>
        </li>
        {below && (
          <li aria-current="page" className={classes['last']}>
            {title}
          </li>
        )}
      </ol>
    </nav>
  );
}
