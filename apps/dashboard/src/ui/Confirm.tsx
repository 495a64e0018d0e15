import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Failed } from './States.js';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  /** What will happen: *Clear the restriction of app@acme.example*. */
  readonly title: string;
  /** The consequence, in a sentence. */
  readonly children: ReactNode;
  /** A verb and its object: *Clear restriction*. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly pending?: boolean;
  readonly error?: Error | null;
  /** Red: it cannot be undone, or it lets everybody log in. */
  readonly danger?: boolean;
  /** The text that must be typed before the button works: a username, a tenant's id. */
  readonly typeToConfirm?: string;
}

export function Confirm({ opened, onClose, title, ...content }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Content onClose={onClose} {...content} />
    </Modal>
  );
}

function Content({
  onClose,
  children,
  action,
  onConfirm,
  pending = false,
  error,
  danger = false,
  typeToConfirm,
}: Omit<Props, 'opened' | 'title'>) {
  const [typed, setTyped] = useState('');
  const confirmed = typeToConfirm === undefined || typed.trim().toLowerCase() === typeToConfirm.toLowerCase();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (confirmed) onConfirm();
      }}
    >
      <Stack gap="md">
        <div>{children}</div>
        {typeToConfirm !== undefined && (
          <TextInput
            label={
              <>
                Type <span className="mono">{typeToConfirm}</span> to go on
              </>
            }
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
        )}
        {error && <Failed error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" {...(danger && { color: 'red' })} disabled={!confirmed} loading={pending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
