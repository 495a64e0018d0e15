import type { Compared, Difference } from './read-model.js';

/** What a verification has found so far: rows counted by table and group, and examples of those that differ. */
export class Differences {
  private readonly counts = new Map<string, Compared>();
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
    differing: Partial<Record<Difference['kind'], readonly string[] | null>>,
  ): void {
    const name = `${table} ${group}`;
    const before = this.counts.get(name) ?? { table, group, live: 0, journal: 0, differing: 0 };
    const found = Object.entries(differing).flatMap(([kind, keys]) =>
      (keys ?? []).map((key) => ({ table, key, kind: kind as Difference['kind'] })),
    );
    this.counts.set(name, {
      table,
      group,
      live: before.live + live,
      journal: before.journal + journal,
      differing: before.differing + found.length,
    });
    this.examples.push(...found.slice(0, this.most - this.examples.length));
  }
}
