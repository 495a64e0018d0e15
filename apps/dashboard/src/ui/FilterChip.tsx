import { Button, Popover, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  readonly label: string;
  readonly value: string | undefined;
  readonly onClear: () => void;
  /** The field, in a box below the chip. It calls `close` when it has been applied. */
  readonly children: (close: () => void) => ReactNode;
}

/** *＋ Address* while it is not used, *Address 203.0.113.9 ×* while it is. */
export function FilterChip({ label, value, onClear, children }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const look = {
    size: 'compact-sm',
    radius: 'xl',
    variant: value === undefined ? 'default' : 'light',
    color: 'gray',
  } as const;
  return (
    <Button.Group>
      <Popover opened={opened} onChange={close} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <Button
            {...look}
            leftSection={value === undefined && <IconPlus size={12} stroke={2} aria-hidden />}
            onClick={toggle}
          >
            {label}
            {value !== undefined && (
              <Text span inherit c="var(--postern-link)" ms={6} maw="24ch" truncate>
                {value}
              </Text>
            )}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p="sm">{children(close)}</Popover.Dropdown>
      </Popover>
      {value !== undefined && (
        <Button {...look} aria-label={`Remove the filter ${label}: ${value}`} onClick={onClear}>
          <IconX size={12} stroke={2} aria-hidden />
        </Button>
      )}
    </Button.Group>
  );
}
