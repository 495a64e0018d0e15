import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { DENIAL_REASONS, isUuid, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { time, timeField, view, integer } from '@postern/http';
import { IN_ORDER, readRows, ScopedQuery } from '@postern/lists';
import sql, { join } from 'sql-template-tag';
import { z } from 'zod';
import { TenantReader } from '../tenant-reader.js';
import { denialConditions, denialFilters } from './list-denials.js';

const MAX_BUCKETS = 400;
const MAX_COUNTED = 500_000;
const INTERVAL_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
type Interval = keyof typeof INTERVAL_MS;

export const HistogramParams = z
  .strictObject({
    from: timeField.meta({ description: 'Occurred at this time or later.', examples: ['2026-11-01T00:00:00Z'] }),
    to: timeField
      .default(() => new Date().toISOString())
      .meta({
        default: undefined,
        description: 'Occurred before this time; by default now.',
        examples: ['2026-11-02T00:00:00Z'],
      }),
    interval: z
      .enum(['minute', 'hour', 'day'], 'Give minute, hour or day.')
      .default('hour')
      .meta({ description: 'The length of an interval. Days and hours begin in UTC.' }),
    smtpUserId: z
      .string()
      .refine(isUuid, 'Give the id of an SMTP user.')
      .optional()
      .meta({ description: 'Only the denials of this SMTP user.', examples: ['019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'] }),
    ...denialFilters,
  })
  .refine(...IN_ORDER)
  .refine((params) => startsOf(params).length <= MAX_BUCKETS, {
    path: ['from'],
    error: `The period has more than ${MAX_BUCKETS} intervals. Give a longer interval, or a shorter period.`,
  });
export type HistogramParams = z.infer<typeof HistogramParams>;

export const denialHistogramView = view('DenialHistogram', 'How many logins were denied, and when.', {
  interval: z.enum(['minute', 'hour', 'day']),
  items: z.array(
    view('DenialBucket', 'The denied logins of one interval. Intervals without a denied login are included.', {
      at: time('2026-11-01T08:00:00.000Z', 'The beginning of the interval.'),
      refused: integer(0, 12),
      wouldHaveBeenRefused: integer(0, 0, 'Logins that `report-only` let through.'),
      reasons: z
        .partialRecord(z.enum(DENIAL_REASONS), z.int().min(1))
        .meta({ description: 'The number of logins for each reason.', examples: [{ 'ip-not-authorized': 12 }] }),
    }),
  ),
  complete: z.boolean().meta({
    description: `False: the period has more than ${MAX_COUNTED.toLocaleString('en')} denials. Only the newest are counted, so the oldest intervals are too low.`,
  }),
});
export type DenialHistogram = z.infer<typeof denialHistogramView>;
type DenialBucket = DenialHistogram['items'][number];

export class CountDenials extends ScopedQuery<DenialHistogram, TenantId, HistogramParams> {}

@QueryHandler(CountDenials)
export class CountDenialsHandler extends TenantReader implements IQueryHandler<CountDenials> {
  /** 500,000 denials take 0.3 s of the database's CPU. @throws `smtp-user-not-found`. */
  execute({ scope: tenantId, params }: CountDenials): Promise<DenialHistogram> {
    const { interval, smtpUserId = null } = params;
    return inTenant(this.audit, tenantId, async (manager) => {
      const conditions = (await denialConditions(manager, { tenantId, smtpUserId }, params)) ?? [sql`false`];
      const rows = await readRows<DenialBucket & { readonly counted: number }>(
        manager,
        sql`
        WITH newest AS (
          SELECT date_bin(${`1 ${interval}`}::interval, occurred_at, '1970-01-01Z') AS at, reason, refused, count FROM audit.denials
           WHERE ${join(conditions, ' AND ')} ORDER BY occurred_at DESC, id DESC LIMIT ${MAX_COUNTED}
        ), of_reason AS (
          SELECT at, reason, sum(count) AS logins, sum(count) FILTER (WHERE refused) AS refused, count(*) AS counted
            FROM newest GROUP BY at, reason
        )
        SELECT at, coalesce(sum(refused), 0)::float8 AS refused,
               (coalesce(sum(logins), 0) - coalesce(sum(refused), 0))::float8 AS "wouldHaveBeenRefused",
               coalesce(json_object_agg(reason, logins) FILTER (WHERE reason IS NOT NULL), '{}') AS reasons,
               coalesce(sum(counted), 0)::float8 AS counted
          FROM unnest(${startsOf(params)}::timestamptz[]) AS at LEFT JOIN of_reason USING (at) GROUP BY at ORDER BY at`,
      );
      const complete = rows.reduce((sum, { counted }) => sum + counted, 0) < MAX_COUNTED;
      return { interval, items: rows.map(bucketOf), complete };
    });
  }
}

function bucketOf({ at, refused, wouldHaveBeenRefused, reasons }: DenialBucket): DenialBucket {
  return { at, refused, wouldHaveBeenRefused, reasons };
}

/** One more than the limit if there are too many. */
function startsOf({
  from,
  to,
  interval,
}: {
  readonly from: string;
  readonly to: string;
  readonly interval: Interval;
}): string[] {
  const ms = INTERVAL_MS[interval];
  const first = Math.floor(Date.parse(from) / ms);
  const count = Math.ceil(Date.parse(to) / ms) - first;
  return Array.from({ length: Math.min(count, MAX_BUCKETS + 1) }, (_, i) => new Date((first + i) * ms).toISOString());
}
