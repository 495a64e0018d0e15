import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { SMTP_USER_TABLES, type ReadModel } from '@postern/read-models';
import { applyDirectory } from './project/apply-directory.js';

export const directoryModel: ReadModel = {
  name: 'directory',
  schema: 'projection',
  consumer: 'smtp-user-directory',
  topics: [TOPICS.smtpUsers],
  tables: SMTP_USER_TABLES,
  streams: { category: 'smtp-user', table: 'smtp_users', version: 'version', versionOf: ({ version }) => version },
  fill: 'stream',
  write: (manager, events) => applyDirectory(manager, events as readonly Recorded<SmtpUserEvent>[]),
};
