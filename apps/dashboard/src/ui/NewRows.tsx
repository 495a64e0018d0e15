import { UnstyledButton } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';
import classes from './NewRows.module.css';

interface Props {
  /** How many wait. None: nothing is shown, and nothing moves. */
  readonly count: number;
  readonly onShow: () => void;
}

/** New rows of a live list wait behind this, so that nothing jumps under the pointer: *12 new*. */
export function NewRows({ count, onShow }: Props) {
  return (
    <div role="status" className={classes['place']}>
      {count > 0 && (
        <UnstyledButton className={classes['button']} onClick={onShow}>
          <IconArrowUp size={13} stroke={2} aria-hidden />
          {count.toLocaleString('en')} new
        </UnstyledButton>
      )}
    </div>
  );
}
