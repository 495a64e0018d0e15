import type { ReactNode } from 'react';
import classes from './ChangeLines.module.css';

const SIGNS = {
  new: ['+', 'Added'],
  added: ['+', 'Added'],
  renewed: ['+', 'Renewed'],
  changed: ['~', 'Changed'],
  removed: ['−', 'Removed'],
  unchanged: ['=', 'Unchanged'],
  repeated: ['=', 'Repeated'],
  bad: ['!', 'Cannot be read'],
  left: ['·', 'Left out'],
} as const;

interface Props {
  readonly children: ReactNode;
  /** With it, the list may be longer than its place: it scrolls, also with the keyboard. */
  readonly label?: string;
  readonly maxHeight?: number;
}

/** A list of changes, each with its sign: `ChangeLine`. */
export function ChangeLines({ children, label, maxHeight }: Props) {
  return (
    <ul
      className={classes['lines']}
      style={{ maxHeight }}
      {...(label !== undefined && { 'aria-label': label, tabIndex: 0 })}
    >
      {children}
    </ul>
  );
}

export function ChangeLine({ kind, children }: { readonly kind: keyof typeof SIGNS; readonly children: ReactNode }) {
  const [sign, name] = SIGNS[kind];
  return (
    <li data-kind={kind}>
      <span className={classes['sign']} role="img" aria-label={name}>
        {sign}
      </span>
      <div>{children}</div>
    </li>
  );
}
