import { Documented, json, restrictionView, type Documentation } from '@postern/http';

/** Documents a change of a restriction: each can be repeated and guarded, and answers the restriction that came of it. */
export function RestrictionWrite(summary: string, more: Partial<Documentation> = {}): MethodDecorator {
  return Documented({
    tag: 'Restrictions',
    summary,
    takes: ['Idempotency-Key', 'If-Match'],
    answer: json(restrictionView),
    tells: ['ETag', 'Postern-Version', 'Idempotency-Replayed'],
    ...more,
  });
}
