import { Box, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { whoAmI } from '../../api/session.js';
import { Frame } from '../../shell/Frame.js';
import { PublicHeader } from '../../shell/PublicHeader.js';
import { usePageTitle } from '../../ui/page-title.js';
import { Article } from './Article.js';

/** Public, for anybody who got the error. The frame is there for people who are signed in. */
export function IpNotAuthorized() {
  usePageTitle('535 IP not authorized');
  const { data: me, isPending } = useQuery(whoAmI);
  if (isPending) return null;
  if (me) {
    return (
      <Frame>
        <Article />
      </Frame>
    );
  }
  return (
    <>
      <PublicHeader>
        <Button component={Link} to="/sign-in" size="xs" variant="default">
          Sign in
        </Button>
      </PublicHeader>
      <Box component="main" px={{ base: 'md', sm: 'lg' }} py="xl">
        <Article />
      </Box>
    </>
  );
}
