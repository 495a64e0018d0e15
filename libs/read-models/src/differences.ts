import type { Compared, Difference } from './read-model.js';

/** No more keys of one kind are read at once, so that a read model that is all wrong needs no more memory. */
export const MOST_KEYS = 10_000;

/** Rows that differ in one way: how many, and the keys of some of them. */
export interface Rows {
  readonly rows: number;
  readonly keys: readonly string[] | null;
}

/** What a verification has found so far: rows counted by table and group, and examples of those that differ. */
export class Differences {
  private readonly counts = new Map<string, { -readonly [Name in keyof Compared]: Compared[Name] }>();
  readonly examples: Difference[] = [];

  /** Keeps at most so many examples. */
  constructor(private readonly most: number) {}

  get compared(): readonly Compared[] {
    return [...this.counts.values()];
  }

  /** Counts rows of the table, or of a group of its rows, and those of them that differ. */
  add(
    table: string,
    { group = null, live = 0, journal = 0 }: Partial<Pick<Compared, 'group' | 'live' | 'journal'>>,
    differing: Partial<Record<Difference['kind'], Rows>>,
  ): void {
    const name = `${table} ${group}`;
    const counted = this.counts.get(name) ?? { table, group, live: 0, journal: 0, differing: 0 };
    counted.live += live;
    counted.journal += journal;
    for (const [kind, { rows, keys }] of Object.entries(differing)) {
      counted.differing += rows;
      for (const key of (keys ?? []).slice(0, this.most - this.examples.length))
        this.examples.push({ table, key, kind: kind as Difference['kind'] });
    }
    this.counts.set(name, counted);
  }
}
