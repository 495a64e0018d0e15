// The URL is input from anybody.

/** A text, or undefined if it is empty. The router reads `?ip=1` as a number. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function oneOf<Value extends string>(values: readonly Value[], value: unknown): Value | undefined {
  return values.find((allowed) => allowed === text(value));
}

/** Reads the search part of a URL. Missing and invalid values are left out, so that links need not name them. */
export function searchOf<Search extends Record<string, string | undefined>>(
  read: (search: Record<string, unknown>) => Search,
): (search: Record<string, unknown>) => Partial<Search> {
  return (search) => given(read(search)) as Partial<Search>;
}

export function given<All extends object>(all: All): { [Name in keyof All]?: Exclude<All[Name], undefined> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never;
}
