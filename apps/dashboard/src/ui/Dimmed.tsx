import { Text, type TextProps } from '@mantine/core';
import type { ReactNode } from 'react';

/** What matters less: a part of a line, or with a size a paragraph of its own. */
export function Dimmed({ size, children }: Pick<TextProps, 'size'> & { readonly children: ReactNode }) {
  const own = size === undefined ? ({ span: true, inherit: true } as const) : { size };
  return (
    <Text {...own} c="dimmed">
      {children}
    </Text>
  );
}
