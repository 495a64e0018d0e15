import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Failed } from './States.js';

interface FormProps {
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** A verb and its object: *Clear restriction*. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly disabled?: boolean;
  readonly pending?: boolean;
  readonly error?: Error | null | undefined;
  /** Red: it cannot be undone, or it lets everybody log in. */
  readonly danger?: boolean;
}

export function DialogForm({
  onClose,
  children,
  action,
  onConfirm,
  disabled = false,
  pending = false,
  error,
  danger = false,
}: FormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!disabled) onConfirm();
      }}
    >
      <Stack>
        {children}
        {error && <Failed error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" {...(danger && { color: 'red' })} disabled={disabled} loading={pending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Props extends FormProps {
  readonly opened: boolean;
  readonly title: string;
  readonly typeToConfirm?: string;
}

export function Confirm({ opened, title, ...content }: Props) {
  return (
    <Modal opened={opened} onClose={content.onClose} title={title}>
      <Content {...content} />
    </Modal>
  );
}

function Content({ typeToConfirm, children, ...form }: Omit<Props, 'opened' | 'title'>) {
  const [typed, setTyped] = useState('');
  return (
    <DialogForm
      {...form}
      disabled={typeToConfirm !== undefined && typed.trim().toLowerCase() !== typeToConfirm.toLowerCase()}
    >
      <div>{children}</div>
      {typeToConfirm !== undefined && (
        <TextInput
          label={
            <>
              Type <span className="mono">{typeToConfirm}</span> to continue
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
      )}
    </DialogForm>
  );
}
