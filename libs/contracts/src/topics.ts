import type { EventType } from './events.js';
import type { StreamCategory } from './streams.js';

/** The topics of the event bus, with the streams whose events each one carries. */
export const TOPICS = {
  smtpUsers: 'postern.smtp-users.v1',
  authDenials: 'postern.auth-denials.v1',
  /** Tenants and their API keys, and those of operators and relays; never what a key could be found by. */
  tenants: 'postern.tenants.v1',
} as const;
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

export const TOPIC_OF_CATEGORY: Readonly<Record<StreamCategory, Topic>> = {
  'smtp-user': TOPICS.smtpUsers,
  'auth-denials': TOPICS.authDenials,
  tenant: TOPICS.tenants,
  'api-key': TOPICS.tenants,
};

export const EVENT_TYPES_OF_TOPIC: Readonly<Record<Topic, readonly EventType[]>> = {
  [TOPICS.smtpUsers]: [
    'SmtpUserRegistered',
    'SmtpUserRenamed',
    'SmtpUserRemoved',
    'RestrictionAdded',
    'RestrictionEntriesChanged',
    'RestrictionRemoved',
    'RestrictionCleared',
    'RestrictionModeChanged',
  ],
  [TOPICS.authDenials]: ['AuthDenied'],
  [TOPICS.tenants]: ['TenantCreated', 'ApiKeyIssued', 'ApiKeyRevoked'],
};

/** The whole state of each relay policy, for consumers in any language: written by the projection-service from its table, compacted. */
export const RELAY_POLICIES_TOPIC = 'postern.relay-policies.v1';
