import { Box, Text } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { shownTitle } from '../ui/page-title.js';
import { pageOf } from './pages.js';

/** *Outbound / SMTP users / app@acme.example*; on a phone only the last part. */
export function Breadcrumb({ tenantId }: { readonly tenantId: string | undefined }) {
  const found = pageOf(useLocation().pathname);
  const title = shownTitle.use();
  return (
    <Text component="nav" aria-label="Breadcrumb" size="sm" flex={1} miw={0} truncate>
      {found && (
        <Box component="span" visibleFrom="sm" c="dimmed">
          {found.section.label}
          {' / '}
          {found.below && (
            <>
              <Text
                span
                inherit
                c="dimmed"
                renderRoot={(props) => <Link {...props} to={found.page.path} params={{ tenantId: tenantId ?? '' }} />}
              >
                {found.page.label}
              </Text>
              {' / '}
            </>
          )}
        </Box>
      )}
      <Text span inherit fw={500} aria-current="page">
        {title}
      </Text>
    </Text>
  );
}
