import type { ReactNode } from 'react';
import classes from './Page.module.css';
import { usePageTitle } from './page-title.js';

interface Props {
  /** Also in the browser's tab and at the end of the breadcrumb. */
  readonly title: string;
  readonly description?: ReactNode;
  readonly heading?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, heading, description, actions, children }: Props) {
  usePageTitle(title);
  return (
    <>
      <header className={classes['header']}>
        <div className={classes['words']}>
          <h1 className={classes['title']}>{heading ?? title}</h1>
          {description !== undefined && <p className={classes['description']}>{description}</p>}
        </div>
        {actions !== undefined && <div className={classes['actions']}>{actions}</div>}
      </header>
      {children}
    </>
  );
}
