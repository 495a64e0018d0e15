import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { SMTP_USER_TABLES, SmtpUserRows, type ReadModel } from '@postern/read-models';

export const directoryModel: ReadModel = {
  name: 'directory',
  schema: 'projection',
  consumer: 'smtp-user-directory',
  topics: [TOPICS.smtpUsers],
  tables: SMTP_USER_TABLES,
  streams: { category: 'smtp-user', table: 'smtp_users', version: 'version', versionOf: ({ version }) => version },
  fill: 'stream',
  write: async (manager, events) => {
    const changes = events as readonly Recorded<SmtpUserEvent>[];
    const users = await SmtpUserRows.load(manager, changes);
    for (const event of changes) users.apply(event);
    await users.save(manager);
  },
};
