import type { MouseEvent } from 'react';

/** For a button that can appear under the pointer: not for the second click of a double click, which was meant for what was there before. */
export const onSingleClick =
  (act: () => void) =>
  ({ detail }: MouseEvent): void => {
    if (detail < 2) act();
  };
