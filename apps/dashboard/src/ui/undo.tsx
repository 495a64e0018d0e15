import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

const UNDO_FOR_MS = 10_000;

/** Says what was done, and offers to undo it for ten seconds. */
export function showUndo(done: string, undo: () => void): void {
  const id = `undo-${done}-${Date.now()}`;
  notifications.show({
    id,
    autoClose: UNDO_FOR_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{done}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
