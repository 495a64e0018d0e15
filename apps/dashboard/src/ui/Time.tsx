import { Text, Tooltip, type TextProps } from '@mantine/core';
import { relativeTime } from './dates.js';
import { useNow } from './use-now.js';

interface Props extends TextProps {
  /** RFC 3339. */
  readonly at: string;
  /** Shows *29 Nov, 14:02:11*, for rows that are compared. */
  readonly exact?: boolean;
}

const DENSE = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;

/** A time as *2 minutes ago* or *in 3 days*; local and UTC time on hover and for screen readers. */
export function Time({ at, exact = false, ...text }: Props) {
  const now = useNow();
  const date = new Date(at);
  const both = `${date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })} (${at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')})`;
  return (
    <Tooltip label={both}>
      <Text component="time" dateTime={at} span inherit className="tabular" tabIndex={0} {...text}>
        {exact ? date.toLocaleString('en-GB', DENSE) : relativeTime(date, now)}
      </Text>
    </Tooltip>
  );
}
