import { Box, Flex, Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
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
      <Flex
        component="header"
        wrap="wrap"
        justify="space-between"
        align="flex-start"
        columnGap="lg"
        rowGap="sm"
        mb={{ base: 'md', sm: 'lg' }}
      >
        <Box flex="1 1 220px" miw={0}>
          <Title style={{ overflowWrap: 'anywhere' }}>{heading ?? title}</Title>
          {description !== undefined && (
            <Text c="dimmed" maw="68ch" style={{ textWrap: 'pretty' }}>
              {description}
            </Text>
          )}
        </Box>
        {actions !== undefined && (
          <Group gap="xs" w={{ base: '100%', sm: 'auto' }}>
            {actions}
          </Group>
        )}
      </Flex>
      {children}
    </>
  );
}
