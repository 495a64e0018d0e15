import { Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { ColorScheme } from './ColorScheme.js';
import { Mark } from './Mark.js';

/** Of the pages that need no session. */
export function PublicHeader({ children }: { readonly children?: ReactNode }) {
  return (
    <header>
      <Group justify="space-between" h="var(--postern-header)" px={{ base: 'md', sm: 'lg' }}>
        <Mark />
        <Group gap="xs">
          <ColorScheme />
          {children}
        </Group>
      </Group>
    </header>
  );
}
