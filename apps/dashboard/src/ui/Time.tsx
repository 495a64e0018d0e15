import { Text, Tooltip, type TextProps } from '@mantine/core';
import { useEffect, useState } from 'react';
import { relativeTime } from './relative-time.js';

interface Props extends TextProps {
  /** RFC 3339. */
  readonly at: string;
}

const EVERY_MS = 30_000;

/** A time as *2 minutes ago* or *in 3 days*; local and UTC time on hover and for screen readers. */
export function Time({ at, ...text }: Props) {
  const now = useNow();
  const date = new Date(at);
  const exact = `${date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })} (${at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')})`;
  return (
    <Tooltip label={exact}>
      <Text component="time" dateTime={at} span inherit className="tabular" tabIndex={0} {...text}>
        {relativeTime(date, now)}
      </Text>
    </Tooltip>
  );
}

function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
