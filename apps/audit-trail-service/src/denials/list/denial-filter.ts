import { DENIAL_REASONS, usernameKey, type DenialReason, type UsernameKey } from '@postern/contracts';
import { parseRange, type IpRange } from '@postern/ip-ranges';
import {
  bomField,
  PERIOD_NOT_IN_ORDER,
  pageFields,
  periodFields,
  periodInOrder,
  timeColumn,
  uuidColumn,
} from '@postern/lists';
import { z } from 'zod';

/** Which denials are asked for; what is left out is not looked at. */
export interface DenialFilter {
  /** RFC 3339, UTC, milliseconds: occurred then or later. */
  readonly from?: string | undefined;
  /** Occurred before then. */
  readonly to?: string | undefined;
  readonly range?: IpRange | undefined;
  readonly username?: UsernameKey | undefined;
  readonly relay?: string | undefined;
  readonly reason?: DenialReason | undefined;
  readonly refused?: boolean | undefined;
}

const range = z.string().transform((text, context): IpRange => {
  const parsed = parseRange(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.detail, params: { code: parsed.code } });
  return z.NEVER;
});

const name = z
  .string()
  .min(1)
  .max(254)
  .refine((text) => !text.includes('\0'), 'A name has no NUL in it.');

const denialsFields = z.strictObject({
  ...pageFields([timeColumn, uuidColumn]),
  bom: bomField,
  ...periodFields,
  ip: range.optional().meta({ description: 'An address or a range.', examples: ['203.0.113.0/24'] }),
  username: name
    .transform(usernameKey)
    .optional()
    .meta({ description: 'In any case.', examples: ['app@acme.example'] }),
  relay: name.optional().meta({ description: 'As it names itself.', examples: ['mx1'] }),
  reason: z.enum(DENIAL_REASONS, `Give one of ${DENIAL_REASONS.join(', ')}.`).optional(),
  refused: z
    .enum(['true', 'false'], 'Give true or false.')
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: '`false`: what `report-only` let through.' }),
});
/** The query of a list of denials. */
export const denialsQuery = denialsFields.refine(periodInOrder, PERIOD_NOT_IN_ORDER);
export type DenialsQuery = z.infer<typeof denialsQuery>;

/** The filter in a query. */
export function filterOf({ from, to, ip, username, relay, reason, refused }: DenialsQuery): DenialFilter {
  return { from, to, range: ip, username, relay, reason, refused };
}
