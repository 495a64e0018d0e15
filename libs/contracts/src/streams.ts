import type { ApiKeyId, SmtpUserId, TenantId } from './ids.js';

/** The kinds of streams; the part of a stream's id before the slash. */
export type StreamCategory = 'tenant' | 'api-key' | 'smtp-user' | 'auth-denials';

export const tenantStream = (id: TenantId): string => `tenant/${id}`;
export const apiKeyStream = (id: ApiKeyId): string => `api-key/${id}`;
export const smtpUserStream = (id: SmtpUserId): string => `smtp-user/${id}`;
export const authDenialsStream = (id: SmtpUserId): string => `auth-denials/${id}`;

/** Splits a stream's id, `smtp-user/0198…`, into its category and the id of its subject. */
export function splitStreamId(streamId: string): { category: StreamCategory; subject: string } {
  const slash = streamId.indexOf('/');
  return { category: streamId.slice(0, slash) as StreamCategory, subject: streamId.slice(slash + 1) };
}
