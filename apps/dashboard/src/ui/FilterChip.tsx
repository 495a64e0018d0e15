import { CloseButton, Popover, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './FilterChip.module.css';

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
  return (
    <span className={classes['chip']} data-used={value !== undefined || undefined}>
      <Popover opened={opened} onChange={close} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className={classes['label']} onClick={toggle}>
            {value === undefined && <IconPlus size={12} stroke={2} aria-hidden />}
            {label}
            {value !== undefined && <span className={classes['value']}>{value}</span>}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown p="sm">{children(close)}</Popover.Dropdown>
      </Popover>
      {value !== undefined && (
        <CloseButton size="xs" aria-label={`Remove the filter ${label}: ${value}`} onClick={onClear} />
      )}
    </span>
  );
}
