import type { Described } from '@postern/contracts';
import { z } from 'zod';

/** `name`: in the OpenAPI document. */
export function view<Shape extends z.ZodRawShape>(
  name: string,
  description: string,
  shape: Shape,
): z.ZodType<Described<z.ZodObject<Shape>>> {
  return z.object(shape).meta({ id: name, description }) as unknown as z.ZodType<Described<z.ZodObject<Shape>>>;
}

/** For a type that a library has. A difference between their fields does not compile. */
export function viewOf<T extends object>(
  name: string,
  description: string,
  shape: { readonly [K in keyof T]-?: z.ZodType<T[K]> },
): z.ZodType<T> {
  return view(name, description, shape) as unknown as z.ZodType<T>;
}

/** Later versions may add texts. Callers ignore texts that they do not recognise. */
export function oneOfSoFar<const Text extends string>(texts: readonly Text[], example?: Text): z.ZodType<Text> {
  return shown(z.enum(texts), { 'x-may-grow': true, ...(example && { examples: [example] }) }, undefined);
}

export function text<T extends string = string>(example: string, description?: string): z.ZodType<T> {
  return shown(z.string(), { examples: [example] }, description);
}

export function uuid<Id extends string = string>(example: string, description?: string): z.ZodType<Id> {
  return shown(z.string(), { format: 'uuid', examples: [example] }, description);
}

export function time(example: string, description = 'RFC 3339, UTC, milliseconds.'): z.ZodType<string> {
  return shown(z.string(), { format: 'date-time', examples: [example] }, description);
}

export function integer<N extends number = number>(least: number, example: number, description?: string): z.ZodType<N> {
  return shown(z.int().min(least), { examples: [example] }, description);
}

/** `T` may be narrower than the schema's type, such as a branded one. */
function shown<T>(schema: z.ZodType, meta: z.core.GlobalMeta, description: string | undefined): z.ZodType<T> {
  return schema.meta({ ...meta, ...(description && { description }) }) as unknown as z.ZodType<T>;
}

export function pageView<Item>(name: string, item: z.ZodType<Item>, more: z.ZodRawShape = {}) {
  return view(name, 'A page of the list; `nextCursor` is null on the last one.', {
    items: z.array(item),
    ...more,
    nextCursor: text(
      'WyIyMDI2LTExLTAxVDA4OjAwOjAwLjAwMFoiXQ',
      'Send it unchanged as `?cursor=` to get the next page.',
    ).nullable(),
  });
}
