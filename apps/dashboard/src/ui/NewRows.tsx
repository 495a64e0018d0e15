import { UnstyledButton } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';
import classes from './NewRows.module.css';

interface Props {
  readonly count: number;
  readonly onShow: () => void;
}

/** *12 new*: shows the new rows of a live list on a click, so that nothing moves under the pointer. */
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
