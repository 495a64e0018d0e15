import { DEFAULT_TENANT_REPLY, isHelpUrl, isReplyText } from '@postern/contracts';
import type { RelayReply, TenantId, TenantReply } from '@postern/contracts';
import { PolicyUnreadable, parseObject } from '../replica/policy-json.js';

/** Tenants whose reply is held: some 50 MB at most. Beyond, logins are denied all the same, with the default. */
const MOST_REPLIES = 100_000;

/** What the tenants have a denied login answered with, where it is not the default. */
export class TenantReplies {
  /** Counts the changes. */
  changes = 0;
  private replies = new Map<string, TenantReply>();
  /** Those that a new stream has begun with; null once they are complete. */
  private beginning: Map<string, TenantReply> | null = null;

  /** Null: the default. */
  of(tenantId: string): TenantReply | null {
    return this.replies.get(tenantId) ?? null;
  }

  get size(): number {
    return this.replies.size;
  }

  /** A stream begins: first it sends every reply that is not the default. Until it has, those of before hold. */
  begin(): void {
    this.beginning = new Map();
  }

  /** The stream has sent something else: what came before it was all. */
  complete(): void {
    if (this.beginning === null) return;
    this.replies = this.beginning;
    this.beginning = null;
    this.changes++;
  }

  /** Takes in the data of a `reply` event. @throws PolicyUnreadable; the tenant's last reply holds then. */
  apply(json: string): void {
    const { tenantId, text, helpUrl, opaque } = parseObject(json, 'reply');
    const isGood =
      typeof tenantId === 'string' &&
      /^[a-z0-9-]{1,63}$/.test(tenantId) &&
      typeof text === 'string' &&
      isReplyText(text) &&
      (helpUrl === null || (typeof helpUrl === 'string' && isHelpUrl(helpUrl))) &&
      typeof opaque === 'boolean';
    if (!isGood) throw new PolicyUnreadable('reply', json);
    const replies = this.beginning ?? this.replies;
    const isDefault = text === DEFAULT_TENANT_REPLY.text && helpUrl === null && !opaque;
    if (isDefault) replies.delete(tenantId);
    else if (replies.has(tenantId) || replies.size < MOST_REPLIES) replies.set(tenantId, { text, helpUrl, opaque });
    else throw new PolicyUnreadable(`place for more than ${MOST_REPLIES} replies of tenants`, json);
    this.changes++;
  }

  /** For the last known good. */
  list(): RelayReply[] {
    return [...this.replies].map(([tenantId, reply]) => ({ tenantId: tenantId as TenantId, ...reply }));
  }

  restore(replies: readonly RelayReply[]): void {
    for (const reply of replies) this.apply(JSON.stringify(reply));
  }
}
