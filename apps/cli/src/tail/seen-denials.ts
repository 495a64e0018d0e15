import type { Denial } from '@postern/contracts';

type Moment = Pick<Denial, 'id' | 'occurredAt'>;

/**
 * Which denials were shown, so that none is shown twice: by id, since several may share an instant, and since one that
 * a relay reports late stands before others that were shown. What occurred before `floor` is not looked at any more, so
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
  add({ id, occurredAt }: Moment): boolean {
    if (occurredAt < this.since || this.times.has(id)) return false;
    this.times.set(id, occurredAt);
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
    // Those of the same instant go with it: half of them remembered would be half of them shown again.
    this.raise(justAfter(times[times.length - Math.floor(this.capacity / 2)] ?? time));
    return true;
  }

  private raise(floor: string): void {
    if (floor <= this.since) return;
    this.since = floor;
    for (const [id, occurredAt] of this.times) if (occurredAt < floor) this.times.delete(id);
  }
}

function justAfter(time: string): string {
  return new Date(new Date(time).getTime() + 1).toISOString();
}
