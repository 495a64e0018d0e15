/**
 * Options of an entity's column for an instant: `timestamptz(3)` in the database, RFC 3339 in UTC with milliseconds in the program, as the
 * API shows it.
 */
export const INSTANT = {
  type: 'timestamptz',
  precision: 3,
  transformer: {
    from: (value: Date | null): string | null => value?.toISOString() ?? null,
    to: (value: unknown): unknown => value,
  },
} as const;
