import type { Summary } from './queries.js';

export type LastDenial =
  | { readonly kind: 'refusing'; readonly ip: string; readonly text: string }
  /** In `report-only`: nothing was refused. */
  | { readonly kind: 'would-refuse'; readonly text: string }
  | { readonly kind: 'past'; readonly at: string };

const number = (count: number, complete: boolean): string => `${count.toLocaleString('en')}${complete ? '' : '+'}`;

/** What a list shows of an SMTP user's denials: those of now, else those of today, else the last one. */
export function lastDenial({ recent, today, lastDeniedAt, lastIp, complete }: Summary): LastDenial {
  if (recent.refused > 0)
    return { kind: 'refusing', ip: recent.ip ?? lastIp, text: `${number(recent.refused, complete)} in 5 min` };
  if (today.wouldHaveBeenRefused > 0 && today.refused === 0)
    return { kind: 'would-refuse', text: `would have refused ${number(today.wouldHaveBeenRefused, complete)} today` };
  return { kind: 'past', at: lastDeniedAt };
}
