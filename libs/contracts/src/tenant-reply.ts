import type { DecisionKind, Reply } from './decision.js';
import type { TenantId } from './ids.js';

/** What relays answer to a denied login, chosen by the SMTP user's tenant. */
export interface TenantReply {
  /** `{ip}` is replaced by the client's address. */
  readonly text: string;
  readonly helpUrl: string | null;
  /** Use the answer to a wrong password. Only the audit trail has the reason. */
  readonly opaque: boolean;
}

export type RelayReply = TenantReply & { readonly tenantId: TenantId };

export const DEFAULT_TENANT_REPLY: TenantReply = { text: 'IP not authorized', helpUrl: null, opaque: false };

/** With all parts at their longest, a reply stays below the 512 octets of RFC 5321, section 4.5.3.1.5. */
export const LONGEST_REPLY_TEXT = 200;
export const LONGEST_HELP_URL = 200;
export const REPLY_TEXT = /^[ -z|~]*(\{ip\}[ -z|~]*)?$/;
export const HELP_URL = /^https?:\/\/[!-~]+$/;

/** One line of printable ASCII, not blank; `{ip}` at most once, and no other braces. */
export function isReplyText(text: string): boolean {
  return text.length <= LONGEST_REPLY_TEXT && text.trim() !== '' && REPLY_TEXT.test(text);
}

/** A link with `http` or `https`, of printable ASCII without white space. */
export function isHelpUrl(text: string): boolean {
  return text.length <= LONGEST_HELP_URL && HELP_URL.test(text) && URL.canParse(text);
}

/** RFC 4954, section 6: after a temporary failure, a client does not ask its user for another password. */
const DEFER_REPLY: Reply = { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' };
/** The usual answer to a wrong password, so that an opaque denial does not reveal that the password was right. */
const OPAQUE_REPLY: Reply = { code: 535, enhanced: '5.7.8', text: 'Authentication failed' };

/** Null if the login is allowed. `ip`: canonical; null if it was unreadable. `reply`: of the SMTP user's tenant; null for the default. */
export function replyOf(decision: DecisionKind, ip: string | null, reply: TenantReply | null): Reply | null {
  if (decision === 'allow') return null;
  if (decision === 'defer') return DEFER_REPLY;
  const { text, helpUrl, opaque } = reply ?? DEFAULT_TENANT_REPLY;
  if (opaque) return OPAQUE_REPLY;
  const shown = text.replace('{ip}', ip ?? 'unknown');
  return { code: 535, enhanced: '5.7.1', text: helpUrl === null ? shown : `${shown} ${helpUrl}` };
}
