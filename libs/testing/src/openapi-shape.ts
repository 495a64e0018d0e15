/** The part of an OpenAPI 3.1 document that the checks use. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components?: unknown;
}

export interface ApiOperation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: ApiContents };
  readonly responses: Readonly<Record<string, ApiAnswer | { readonly $ref: string }>>;
}

export interface ApiAnswer {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: unknown }>>;
  readonly content?: ApiContents;
}

export type ApiContents = Readonly<Record<string, { readonly schema?: unknown; readonly [member: string]: unknown }>>;

/** Resolves a `#/…` reference; anything else is returned. Throws if the target does not exist. */
export function dereferenced<T extends object>(document: unknown, value: T | { readonly $ref: string }): T {
  if (!('$ref' in value)) return value;
  const steps = value.$ref.slice(2).split('/');
  const found = steps.reduce<unknown>(
    (at, step) =>
      (at as Readonly<Record<string, unknown>> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    document,
  );
  if (typeof found !== 'object' || found === null) throw new Error(`${value.$ref} leads nowhere in the document.`);
  return found as T;
}
