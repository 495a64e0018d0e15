import { Group, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface Props {
  /** Also the title of the browser's tab. */
  readonly title: string;
  /** Buttons of the whole page, at the right. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page inside the frame: its title, what one can do, its content. */
export function Page({ title, actions, children }: Props) {
  useDocumentTitle(`${title} · Postern`);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="center" mih={36}>
        <Title order={1}>{title}</Title>
        {actions !== undefined && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
