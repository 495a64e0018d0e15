import { isPrivate, neighbourhood, parseAddress, rangeOf, type IpRange } from '@postern/ip-ranges';
import { MAX_ENTRIES } from '@postern/restrictions';
import { integer, text, view } from '@postern/http';
import { z } from 'zod';

export const suggestedRange = view(
  'SuggestedRange',
  'A range that covers addresses from which an SMTP user logged in.',
  {
    range: text('203.0.113.9', 'The address or range in canonical form, as in an entry.'),
    logins: integer(1, 120),
    share: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'The share of all logins that come from this range: 0 to 1.', examples: [0.75] }),
    addresses: integer(1, 1, 'How many different addresses of this range logged in.'),
    why: text('This address logged in 120 times.'),
  },
);
export type SuggestedRange = z.infer<typeof suggestedRange>;

/** With this many addresses in a /24 or /64, it looks like one site, not like single hosts. */
const SEVERAL = 3;
/** A candidate is rare if it has one login, or less than one of this many logins in all. */
const RARE_ONE_IN = 100;
/** Rare candidates are left out, but never more than one of this many logins in total. */
const LEFT_OUT_ONE_IN = 10;

interface Source {
  readonly ip: string;
  readonly logins: number;
}

interface Candidate {
  readonly range: IpRange;
  readonly sources: readonly Source[];
  readonly logins: number;
}

interface Suggestion<S extends Source> {
  /** Those with the most logins first; at most 1,000. */
  readonly ranges: readonly SuggestedRange[];
  /** The sources that no range covers. */
  readonly left: readonly S[];
}

/**
 * A short list of ranges that covers most logins. A candidate is an IPv4 /24 or IPv6 /64 with several addresses, or one address; rare ones are
 * left out. Candidates with the same number of logins are all kept or all left out.
 */
export function suggestRanges<S extends Source>(sources: readonly S[]): Suggestion<S> {
  const all = sumOfLogins(sources);
  const candidates = candidatesOf(sources).toSorted((a, b) => b.logins - a.logins);
  const kept = candidates.slice(0, MAX_ENTRIES).filter(({ logins }) => logins >= leastLogins(candidates, all));
  const covered = new Set(kept.flatMap((candidate) => candidate.sources));
  return {
    ranges: kept.map(({ range, sources: { length }, logins }) => ({
      range: range.text,
      logins,
      share: logins / all,
      addresses: length,
      why: whyOf(range, length, logins),
    })),
    left: sources.filter((source) => !covered.has(source)),
  };
}

/** An unreadable address is skipped. */
function candidatesOf(sources: readonly Source[]): Candidate[] {
  const readable = sources.flatMap((source) => {
    const address = parseAddress(source.ip);
    return address.ok ? [{ source, address: address.value, around: neighbourhood(address.value) }] : [];
  });
  return [...Map.groupBy(readable, ({ around }) => around.text).values()].flatMap((neighbours) => {
    const [first] = neighbours;
    if (first && neighbours.length >= SEVERAL) {
      const all = neighbours.map(({ source }) => source);
      return [{ range: first.around, sources: all, logins: sumOfLogins(all) }];
    }
    return neighbours.map(({ address, source }) => ({
      range: rangeOf(address),
      sources: [source],
      logins: source.logins,
    }));
  });
}

function leastLogins(candidates: readonly Candidate[], all: number): number {
  let left = 0;
  for (const { logins } of candidates.toSorted((a, b) => a.logins - b.logins)) {
    left += logins;
    const rare = logins < 2 || logins * RARE_ONE_IN < all;
    if (!rare || left * LEFT_OUT_ONE_IN > all) return logins;
  }
  return 0;
}

function whyOf(range: IpRange, addresses: number, logins: number): string {
  const times = logins === 1 ? 'once' : `${logins} times`;
  const why =
    addresses === 1
      ? `This address logged in ${times}.`
      : `${addresses} addresses of this network logged in, ${times} in all: if the complete network is yours, one entry covers them.`;
  if (!isPrivate(range)) return why;
  return `${why} It is private address space: if it is your own proxy or NAT, an entry lets in everyone behind it. Make the proxy pass on the address of the client first.`;
}

export function sumOfLogins(sources: readonly Source[]): number {
  return sources.reduce((total, { logins }) => total + logins, 0);
}
