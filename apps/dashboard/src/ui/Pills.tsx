import { UnstyledButton } from '@mantine/core';
import classes from './Pills.module.css';

interface Props<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly items: readonly {
    readonly value: Value;
    readonly label: string;
    /** Undefined while it is loaded; the layout does not move. */
    readonly count?: number | undefined;
    readonly tone?: 'refused' | 'warn';
  }[];
}

export function Pills<Value extends string>({ label, value, onChange, items }: Props<Value>) {
  return (
    <div role="group" aria-label={label} className={classes['pills']}>
      {items.map((item) => (
        <UnstyledButton
          key={item.value}
          className={classes['pill']}
          aria-pressed={item.value === value}
          data-tone={item.count ? item.tone : undefined}
          onClick={() => onChange(item.value)}
        >
          {item.label}
          {'count' in item && <span className={classes['count']}>{item.count?.toLocaleString('en') ?? ' '}</span>}
        </UnstyledButton>
      ))}
    </div>
  );
}
