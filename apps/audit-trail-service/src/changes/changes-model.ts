import { TOPICS } from '@postern/contracts';
import { tableModel } from '@postern/read-models';
import { CHANGES_CONSUMER } from './record/changes-consumer.js';
import { recordChanges } from './record/record-changes.js';

/** Who changed what, and the SMTP users as the audit trail knows them, for verifying and rebuilding. */
export const changesModel = tableModel({
  name: 'changes',
  schema: 'audit',
  consumer: CHANGES_CONSUMER,
  topics: [TOPICS.smtpUsers, TOPICS.tenants],
  batch: 5_000,
  tables: [
    {
      name: 'restrictions',
      key: 'smtp_user_id::text',
      version: 'version',
      group: null,
      compared: 'smtp_user_id, tenant_id, username, removed, version, event_id, state',
    },
    {
      name: 'usernames',
      key: `tenant_id || ' ' || username_key || ' ' || smtp_user_id`,
      version: null,
      group: null,
      compared: 'tenant_id, username_key, smtp_user_id',
    },
    {
      name: 'changes',
      key: 'event_id::text',
      version: null,
      group: null,
      compared:
        'position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor, request_id, data, before, after',
    },
  ],
  writer: async () => async (manager, events) => void (await recordChanges(manager, events)),
});
