import { parseAddress, parseRange, type Parsed } from '@postern/ip-ranges';
import { z } from 'zod';

/** An IPv4 or IPv6 address. */
export const addressField = z.string().transform(parsedBy(parseAddress));

/** An address or a range. */
export const rangeField = z.string().transform(parsedBy(parseRange));

function parsedBy<T>(parse: (text: string) => Parsed<T>) {
  return (text: string, context: z.RefinementCtx): T => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    const { code, detail, suggestions } = parsed;
    context.addIssue({ code: 'custom', message: detail, params: { code, suggestions } });
    return z.NEVER;
  };
}
