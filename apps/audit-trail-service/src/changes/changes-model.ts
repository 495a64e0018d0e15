import { TOPICS } from '@postern/contracts';
import { SMTP_USER_TABLES, type ReadModel } from '@postern/read-models';
import { CHANGES_CONSUMER } from './record/changes-consumer.js';
import { recordChanges } from './record/record-changes.js';

export const changesModel: ReadModel = {
  name: 'changes',
  schema: 'audit',
  consumer: CHANGES_CONSUMER,
  topics: [TOPICS.smtpUsers, TOPICS.tenants],
  tables: [
    ...SMTP_USER_TABLES,
    {
      name: 'usernames',
      key: `tenant_id || ' ' || username_key || ' ' || smtp_user_id`,
      subject: 'smtp_user_id',
      group: null,
      compared: 'tenant_id, username_key, smtp_user_id',
    },
    {
      name: 'changes',
      key: 'event_id::text',
      subject: 'smtp_user_id',
      group: null,
      // As jsonb: the journal and Kafka have the members in different orders.
      compared: `position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor::jsonb, request_id,
                 data::jsonb, before::jsonb, after::jsonb, state`,
    },
  ],
  streams: { category: 'smtp-user', table: 'smtp_users', version: 'version', versionOf: ({ version }) => version },
  others: { categories: ['tenant', 'api-key'], table: 'changes' },
  fill: 'feed',
  write: async (manager, events) => void (await recordChanges(manager, events)),
};
