import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { whoAmI } from '../../api/session.js';
import { ColorScheme } from '../../shell/ColorScheme.js';
import { Frame } from '../../shell/Frame.js';
import { Mark } from '../../shell/Mark.js';
import { usePageTitle } from '../../ui/page-title.js';
import { Article } from './Article.js';
import classes from './IpNotAuthorized.module.css';

/** Public, for anybody who got the error. The frame is there for people who are signed in. */
export function IpNotAuthorized() {
  usePageTitle('535 IP not authorized');
  const { data: me, isPending } = useQuery(whoAmI);
  if (isPending) return null;
  if (me) {
    return (
      <Frame>
        <Article me={me} />
      </Frame>
    );
  }
  return (
    <>
      <header className={classes['top']}>
        <Mark />
        <div className={classes['tools']}>
          <ColorScheme />
          <Button component={Link} to="/sign-in" size="xs" variant="default">
            Sign in
          </Button>
        </div>
      </header>
      <main className={classes['main']}>
        <Article />
      </main>
    </>
  );
}
