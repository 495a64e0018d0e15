import { Text } from '@mantine/core';

/** In a table: at most two lines of a username, which may have 254 characters. The tooltip has all of it. */
export function Username({ children }: { readonly children: string }) {
  return (
    <Text span inherit lineClamp={2} title={children}>
      {children}
    </Text>
  );
}
