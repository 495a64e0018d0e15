import { setTimeout as wait } from 'node:timers/promises';
import type { Denial, Page } from '@postern/contracts';
import { EXIT, Failure } from './failure.js';

/** Reads a page of the denials that occurred at `from` or later, the newest first. */
export type ReadPage = (from: string, cursor: string | undefined) => Promise<Page<Denial>>;

/** Some 20 MB of ids. */
const MOST_REMEMBERED = 200_000;
/** 50,000 denials: what is beyond in one look is reported, not shown. */
const MOST_PAGES = 100;
/** How often it is looked for what relays reported late. */
const THOROUGH_EVERY_MS = 10_000;

interface Following {
  readonly read: ReadPage;
  readonly intervalMs: number;
  /** How long after it occurred a denial may be reported and is still shown. */
  readonly lateMs: number;
  /** How many of those before the beginning are shown first. */
  readonly last: number;
  readonly show: (denial: Denial) => void;
  readonly aside: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Shows each denial once, as it becomes known, until the signal. A Postern that is away for a while is waited for.
 * Throws what the first look throws, and later a refusal: a key that was revoked reads nothing any more.
 */
export async function followDenials(following: Following): Promise<void> {
  const { read, intervalMs, lateMs, last, show, aside, signal } = following;
  const earliest = () => new Date(Date.now() - lateMs).toISOString();
  const seen = new SeenDenials(earliest(), MOST_REMEMBERED);
  const before = await newDenials(seen, read, 'thorough');
  if (last > 0) before.denials.slice(-last).forEach(show);
  aside('Waiting for denials. Ctrl-C ends it.');
  let thoroughAt = Date.now() + THOROUGH_EVERY_MS;
  let away = false;
  while (!signal.aborted) {
    const thorough = Date.now() >= thoroughAt;
    try {
      const { denials, complete } = await newDenials(seen, read, thorough ? 'thorough' : 'quick');
      if (away) aside('Postern is back.');
      away = false;
      denials.forEach(show);
      if (!complete) aside(`There are more than can be shown. \`postern denials --from ${seen.floor}\` has them all.`);
      if (thorough) thoroughAt = Date.now() + THOROUGH_EVERY_MS;
      if (seen.forgetBefore(earliest()))
        aside(`Too many at once: what is reported late is shown from ${seen.floor} on.`);
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== EXIT.unavailable) throw error;
      if (!away) aside(`${error.message} Trying on …`);
      away = true;
    }
    await wait(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Look {
  /** The oldest first. */
  readonly denials: readonly Denial[];
  /** Whether all that are new were reached. */
  readonly complete: boolean;
}

/**
 * The denials that were not seen before, which are seen from now on. A quick look ends at the first page that has
 * nothing new; a thorough one reads down to the floor, and so finds those that a relay reported late.
 */
export async function newDenials(seen: SeenDenials, read: ReadPage, look: 'quick' | 'thorough'): Promise<Look> {
  const denials: Denial[] = [];
  let cursor: string | undefined;
  let complete = false;
  for (let pages = 0; !complete && pages < MOST_PAGES; pages += 1) {
    const page = await read(seen.floor, cursor);
    const unseen = page.items.filter((denial) => !seen.has(denial));
    denials.push(...unseen);
    complete = page.nextCursor === null || (look === 'quick' && unseen.length === 0);
    cursor = page.nextCursor ?? undefined;
  }
  // Only now: a look that broke off half-way is taken again, and shows all of them.
  return { denials: denials.filter((denial) => seen.add(denial)).sort(byTime), complete };
}

function byTime(a: Denial, b: Denial): number {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt < b.occurredAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

type Moment = Pick<Denial, 'id' | 'occurredAt'>;

/**
 * Which denials were shown, so that none is shown twice: by id, since several may share an instant, and since one that
 * a relay reports late comes before others that were shown. What occurred before `floor` is not looked at any more, so
 * that not every id must be remembered; the floor only rises.
 */
export class SeenDenials {
  private readonly times = new Map<string, string>();

  constructor(
    /** RFC 3339, UTC, milliseconds, as the API's times: they compare as text. */
    private since: string,
    /** How many ids are remembered at most. */
    private readonly capacity: number,
  ) {}

  get floor(): string {
    return this.since;
  }

  /** Whether it was not there before; it is from now on. */
  add(denial: Moment): boolean {
    if (this.has(denial)) return false;
    this.times.set(denial.id, denial.occurredAt);
    return true;
  }

  has({ id, occurredAt }: Moment): boolean {
    return occurredAt < this.since || this.times.has(id);
  }

  /** Forgets what occurred before `time`, and of more than the capacity the older half. Returns whether it was more. */
  forgetBefore(time: string): boolean {
    this.raise(time);
    if (this.times.size <= this.capacity) return false;
    const times = [...this.times.values()].sort();
    const median = new Date(times[times.length - Math.floor(this.capacity / 2)] ?? time);
    // Those of the same instant go with it: half of them remembered would be half of them shown again.
    this.raise(new Date(median.getTime() + 1).toISOString());
    return true;
  }

  private raise(floor: string): void {
    if (floor <= this.since) return;
    this.since = floor;
    for (const [id, occurredAt] of this.times) if (occurredAt < floor) this.times.delete(id);
  }
}
