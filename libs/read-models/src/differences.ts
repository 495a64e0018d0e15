import type { Compared, Difference } from './read-model.js';

/** Limits memory if every row differs. */
export const MOST_KEYS = 10_000;

export interface Rows {
  readonly rows: number;
  readonly keys: readonly string[] | null;
}

export class Differences {
  private readonly counts = new Map<string, { -readonly [Name in keyof Compared]: Compared[Name] }>();
  readonly examples: Difference[] = [];

  constructor(private readonly most: number) {}

  get compared(): readonly Compared[] {
    return [...this.counts.values()];
  }

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
