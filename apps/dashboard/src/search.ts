// What the URL says, which anybody may have typed.

/** A text that is not empty, else undefined. The router reads `?ip=1` as a number. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** One of the values, else undefined. */
export function oneOf<Value extends string>(values: readonly Value[], value: unknown): Value | undefined {
  return values.find((known) => known === text(value));
}

/** Reads the search part of a URL. What is not there or not valid is left out, so that a link need not name it. */
export function searchOf<Search extends Record<string, string | undefined>>(
  read: (search: Record<string, unknown>) => Search,
): (search: Record<string, unknown>) => Partial<Search> {
  return (search) =>
    Object.fromEntries(Object.entries(read(search)).filter(([, value]) => value !== undefined)) as Partial<Search>;
}

/** Without the members that are undefined. */
export function given<All extends object>(all: All): { [Name in keyof All]?: Exclude<All[Name], undefined> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never;
}
