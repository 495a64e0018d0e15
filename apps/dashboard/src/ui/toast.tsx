import { Button, Group, Text } from '@mantine/core';
import { hideNotification, showNotification } from '@mantine/notifications';
import { IconCheck } from '@tabler/icons-react';

const UNDO_MS = 10_000;

/** Says that something was done. */
export function showDone(message: string): void {
  showNotification({ message, icon: <IconCheck size={16} aria-hidden />, color: 'green', autoClose: 4_000 });
}

/** Says that something was done, and takes it back on a click within ten seconds. */
export function showUndo(message: string, undo: () => void): void {
  const id = crypto.randomUUID();
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
