import { TOPICS } from '@postern/contracts';
import type { ReadModel } from '@postern/read-models';
import { REPLIES_CONSUMER } from '../relay-policies/policies-complete.js';
import { applyReplies } from './apply-replies.js';

export const tenantRepliesModel: ReadModel = {
  name: 'tenant-replies',
  schema: 'projection',
  consumer: REPLIES_CONSUMER,
  topics: [TOPICS.tenants],
  tables: [
    {
      name: 'tenant_replies',
      key: 'tenant_id',
      subject: 'tenant_id',
      group: null,
      compared: 'tenant_id, reply::text, version, event_id',
    },
  ],
  streams: {
    category: 'tenant',
    subjects: 'text',
    table: 'tenant_replies',
    version: 'version',
    versionOf: ({ version }) => version,
  },
  fill: 'stream',
  write: applyReplies,
};
