import '@mantine/notifications/styles.css';
import { Button, Group, Kbd, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { hideNotification, Notifications, showNotification } from '@mantine/notifications';
import { IconCheck } from '@tabler/icons-react';
import { withCtrl } from './keys.js';
import { isInDialog } from './States.js';

const UNDO_MS = 10_000;
/** The undos of the toasts that are shown, the newest last. */
const undos = new Map<string, () => void>();
let shown = 0;

export function Toasts() {
  // The toast is far from the keyboard's focus, and disappears after ten seconds.
  useHotkeys([['mod+Z', () => [...undos.values()].at(-1)?.()]]);
  return <Notifications position="bottom-right" />;
}

export function showDone(message: string): void {
  showNotification({ message, icon: <IconCheck size={16} aria-hidden />, color: 'green', autoClose: 4_000 });
}

/** For something that failed far from its button, or after the button is gone. */
export function showFailed(title: string, error: Error): void {
  if (!isInDialog(error)) showNotification({ title, message: error.message, autoClose: false });
}

/** A click, or Ctrl-Z, within ten seconds undoes it. */
export function showUndo(message: string, undo: () => Promise<unknown>): void {
  const id = `undo-${++shown}`;
  const take = () => {
    hideNotification(id);
    undo().catch((error: Error) => showFailed('This could not be undone', error));
  };
  undos.set(id, take);
  showNotification({
    id,
    color: 'green',
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: UNDO_MS,
    onClose: () => undos.delete(id),
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text inherit>{message}</Text>
        <Button
          size="compact-sm"
          variant="subtle"
          flex="none"
          onClick={take}
          aria-keyshortcuts="Control+Z"
          rightSection={<Kbd aria-hidden>{withCtrl('Z')}</Kbd>}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
