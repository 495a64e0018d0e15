/** What bounds the exports of a process. */
export interface ExportLimits {
  /** At once, of all keys together: each takes a database connection for as long as it reads a page. */
  readonly atOnce: number;
  /** At once, by one API key. */
  readonly atOnceByKey: number;
  /** A reader that takes no 64 KiB within this is dropped. */
  readonly stalledMs: number;
  /** An export that takes longer is broken off, and says so. */
  readonly totalMs: number;
  /** Rows that are read, and held, at a time. */
  readonly pageRows: number;
}

/** The token by which a process may set them otherwise. */
export const EXPORT_LIMITS = Symbol('export limits');

export const DEFAULT_EXPORT_LIMITS: ExportLimits = {
  atOnce: 4,
  atOnceByKey: 2,
  stalledMs: 30_000,
  totalMs: 3_600_000,
  pageRows: 1_000,
};
