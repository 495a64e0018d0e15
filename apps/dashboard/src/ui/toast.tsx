import { Button, Group, Text } from '@mantine/core';
import { hideNotification, showNotification, useNotifications } from '@mantine/notifications';
import { IconCheck } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';

const UNDO_MS = 10_000;
let undos = 0;

const Shown = lazy(async () => ({ default: (await import('./Toasts.js')).ShownToasts }));

/** Where toasts appear. Its code is loaded for the first one. */
export function Toasts() {
  const { notifications } = useNotifications();
  const [needed, setNeeded] = useState(false);
  if (!needed && notifications.length > 0) setNeeded(true);
  return (
    needed && (
      <Suspense fallback={null}>
        <Shown />
      </Suspense>
    )
  );
}

/** Says that something was done. */
export function showDone(message: string): void {
  showNotification({ message, icon: <IconCheck size={16} aria-hidden />, color: 'green', autoClose: 4_000 });
}

/** Says that something was done, and takes it back on a click within ten seconds. */
export function showUndo(message: string, undo: () => void): void {
  const id = `undo-${++undos}`;
  showNotification({
    id,
    color: 'green',
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text inherit>{message}</Text>
        <Button
          size="compact-sm"
          variant="subtle"
          flex="none"
          onClick={() => {
            hideNotification(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
