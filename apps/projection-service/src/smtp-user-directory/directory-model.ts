import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { tableModel } from '@postern/read-models';
import { applyDirectory } from './project/apply-directory.js';

/** The name of the consumer that keeps the directory, and of its checkpoint. */
export const DIRECTORY_CONSUMER = 'smtp-user-directory';

/** The directory, for verifying and rebuilding. */
export const directoryModel = tableModel({
  name: 'directory',
  schema: 'projection',
  consumer: DIRECTORY_CONSUMER,
  topics: [TOPICS.smtpUsers],
  batch: 5_000,
  tables: [
    {
      name: 'smtp_users',
      key: 'id::text',
      version: 'version',
      group: null,
      compared: 'id, tenant_id, username, username_key, created_at, removed, restriction, version, event_id',
    },
  ],
  // The topic carries no others.
  writer: async () => (manager, events) => applyDirectory(manager, events as readonly Recorded<SmtpUserEvent>[]),
});
