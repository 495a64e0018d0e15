import type { ReactNode } from 'react';
import classes from './Page.module.css';
import { usePageTitle } from './page-title.js';

interface Props {
  /** Also the title of the browser's tab, and the last part of the breadcrumb. */
  readonly title: string;
  /** One sentence below the title: what this page is for. */
  readonly description?: ReactNode;
  /** Shown in place of the title's text, where that is more than a text. */
  readonly heading?: ReactNode;
  /** Buttons of the whole page, at the right. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page inside the frame: its title, what one can do, its content. */
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
