import { timeField } from '@postern/http';

export const periodFields = (happened = 'Occurred') => ({
  from: timeField
    .optional()
    .meta({ description: `${happened} at this time or later.`, examples: ['2026-11-01T00:00:00Z'] }),
  to: timeField.optional().meta({ description: `${happened} before this time.`, examples: ['2026-12-01T00:00:00Z'] }),
});

/** A period that ends before it begins would give an empty list, which looks like an answer. */
export function periodInOrder(query: object): boolean {
  const { from, to } = query as { readonly from?: string; readonly to?: string };
  return from === undefined || to === undefined || from <= to;
}
export const PERIOD_NOT_IN_ORDER = {
  path: ['to'],
  error: '`to` is before `from`. Give a later `to`, or exchange the two.',
};
