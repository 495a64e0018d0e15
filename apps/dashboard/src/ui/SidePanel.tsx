import { Drawer } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly children: ReactNode;
}

/** The details of a row, to the right of its list, which stays usable. On a phone it covers the list. */
export function SidePanel({ opened, onClose, title, children }: Props) {
  const phone = useMediaQuery('(max-width: 699px)') ?? false;
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={phone ? '100%' : 480}
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
      shadow="lg"
      {...(!phone && { withOverlay: false, lockScroll: false, trapFocus: false, closeOnClickOutside: false })}
    >
      {children}
    </Drawer>
  );
}
