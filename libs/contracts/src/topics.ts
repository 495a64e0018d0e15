import type { ApiKeyId, SmtpUserId, TenantId } from './ids.js';
import type { EVENT_DATA } from './schemas/event-data.js';

export type EventType = keyof typeof EVENT_DATA;

export type StreamCategory = 'tenant' | 'api-key' | 'smtp-user' | 'auth-denials';

export const tenantStream = (id: TenantId): string => `tenant/${id}`;
export const apiKeyStream = (id: ApiKeyId): string => `api-key/${id}`;
export const smtpUserStream = (id: SmtpUserId): string => `smtp-user/${id}`;
export const authDenialsStream = (id: SmtpUserId): string => `auth-denials/${id}`;

/** Splits a stream's id, `smtp-user/0198…`, into its category and its subject's id. */
export function splitStreamId(streamId: string): { category: StreamCategory; subject: string } {
  const slash = streamId.indexOf('/');
  return { category: streamId.slice(0, slash) as StreamCategory, subject: streamId.slice(slash + 1) };
}

export const TOPICS = {
  smtpUsers: 'postern.smtp-users.v1',
  authDenials: 'postern.auth-denials.v1',
  /** Tenants and API keys (without their hashes), also those of operators and relays. */
  tenants: 'postern.tenants.v1',
} as const;
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

export const TOPIC_OF_CATEGORY: Readonly<Record<StreamCategory, Topic>> = {
  'smtp-user': TOPICS.smtpUsers,
  'auth-denials': TOPICS.authDenials,
  tenant: TOPICS.tenants,
  'api-key': TOPICS.tenants,
};

export const STREAM_CATEGORIES = Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[];

export function categoriesOf(topics: readonly Topic[]): readonly StreamCategory[] {
  return STREAM_CATEGORIES.filter((category) => topics.includes(TOPIC_OF_CATEGORY[category]));
}

export const EVENT_TYPES_OF_TOPIC = {
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
  [TOPICS.tenants]: ['TenantCreated', 'TenantReplySet', 'ApiKeyIssued', 'ApiKeyRevoked'],
} as const satisfies Readonly<Record<Topic, readonly EventType[]>>;

/** The complete state of each relay policy, for consumers in any language; written by the projection-service. */
export const RELAY_POLICIES_TOPIC = 'postern.relay-policies.v1';
