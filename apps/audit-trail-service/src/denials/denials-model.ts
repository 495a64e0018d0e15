import { TOPICS } from '@postern/contracts';
import type { ReadModel } from '@postern/read-models';
import { DENIALS_CONSUMER } from './record/denials-consumer.js';
import { denialRow, isUnreadable, type DenialRow } from './record/denial-row.js';
import { loadDenialRetention, NEVER } from '../retention/denial-retention.js';
import { insertDenials, MAX_RELAYS_PER_IP } from './record/insert-denials.js';

const MONTH = `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM')`;
const sorted = (list: string) => `ARRAY(SELECT unnest(${list}) ORDER BY 1)`;
/** Which relays are remembered beyond the limit depends on the batches. */
const RELAYS = `CASE WHEN cardinality(relays) < ${MAX_RELAYS_PER_IP} THEN ${sorted('relays')} END`;

/** Totals are those of the complete journal, denials those that are kept, also if their partition was lost. */
export const denialsModel: ReadModel = {
  name: 'denials',
  schema: 'audit',
  consumer: DENIALS_CONSUMER,
  topics: [TOPICS.authDenials],
  tables: [
    {
      name: 'denials',
      key: 'id::text',
      subject: 'smtp_user_id',
      group: MONTH,
      where: 'occurred_at >= (SELECT kept_from FROM audit.denial_retention)',
      compared: `id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip, address,
                   relay, reason, mode`,
    },
    {
      name: 'denied_ips',
      key: `smtp_user_id || ' ' || ip`,
      subject: 'smtp_user_id',
      group: null,
      compared: `smtp_user_id, count, first_denied_at, last_denied_at, last_position, tenant_id, ip, address, ${RELAYS}, ${sorted('reasons')}`,
    },
  ],
  streams: {
    category: 'auth-denials',
    table: 'denied_ips',
    version: 'last_position',
    versionOf: (event) => (isUnreadable(denialRow(event)) ? null : event.position),
  },
  fill: 'feed',
  write: async (manager, events) => {
    const { keptFrom } = await loadDenialRetention(manager);
    const rows = events.map(denialRow).filter((row): row is DenialRow => !isUnreadable(row));
    // A rebuild reads each denial once, so none is a repeat.
    await insertDenials(manager, rows, { keptFrom, droppedBefore: NEVER });
  },
};
