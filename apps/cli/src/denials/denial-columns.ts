import { shortTime } from '@postern/terminal';
import type { Denial } from '@postern/contracts';

/** `let through` is what report-only does. */
export function outcome({ refused }: Denial): string {
  return refused ? 'denied' : 'let through';
}

/** The columns of a list of denials. */
export const DENIAL_COLUMNS = [
  { title: 'WHEN', value: ({ occurredAt }: Denial) => shortTime(occurredAt) },
  { title: 'USER', value: ({ username }: Denial) => username },
  { title: 'IP', value: ({ ip }: Denial) => ip },
  { title: 'RELAY', value: ({ relay }: Denial) => relay },
  { title: 'REASON', value: ({ reason }: Denial) => reason },
  { title: 'OUTCOME', value: outcome },
  { title: 'COUNT', value: ({ count }: Denial) => String(count) },
];
