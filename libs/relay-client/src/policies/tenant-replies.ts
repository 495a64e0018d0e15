import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_TENANT_REPLY, isHelpUrl, isReplyText } from '@postern/contracts';
import type { RelayReply, TenantId, TenantReply } from '@postern/contracts';
import { PolicyUnreadable, parseObject } from '../replica/policy-json.js';

/** Tenants whose reply is held: some 50 MB at most. Beyond, logins are denied all the same, with the default. */
const MOST_REPLIES = 100_000;

/** For tenants whose reply is not known: should it be an opaque one, nobody learns that the password is right. */
const OPAQUE: TenantReply = { ...DEFAULT_TENANT_REPLY, opaque: true };

/** What the tenants have a denied login answered with, where it is not the default. */
export class TenantReplies {
  /** All of them were known once: a tenant without one has the default. */
  known = false;
  /** Counts the changes. */
  changes = 0;
  private replies = new Map<string, TenantReply>();
  /** Those that a new stream has begun with; null once they are complete. */
  private beginning: Map<string, TenantReply> | null = null;

  /** Null: the default. Opaque as long as the replies are not known. */
  of(tenantId: string): TenantReply | null {
    return this.replies.get(tenantId) ?? (this.known ? null : OPAQUE);
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
    if (!this.known || !isDeepStrictEqual(this.replies, this.beginning)) this.changes++;
    this.replies = this.beginning;
    this.beginning = null;
    this.known = true;
  }

  /** Takes in the data of a `reply` event. @throws PolicyUnreadable; the tenant's last reply holds then, or an opaque one. */
  apply(json: string): void {
    const { tenantId, text, helpUrl, opaque } = parseObject(json, 'reply');
    if (typeof tenantId !== 'string' || !/^[a-z0-9-]{1,63}$/.test(tenantId)) throw new PolicyUnreadable('reply', json);
    const isGood =
      typeof text === 'string' &&
      isReplyText(text) &&
      (helpUrl === null || (typeof helpUrl === 'string' && isHelpUrl(helpUrl))) &&
      typeof opaque === 'boolean';
    this.put(tenantId, isGood ? { text, helpUrl, opaque } : (this.replies.get(tenantId) ?? OPAQUE), json);
    if (!isGood) throw new PolicyUnreadable('reply', json);
  }

  private put(tenantId: string, reply: TenantReply, json: string): void {
    const replies = this.beginning ?? this.replies;
    const isDefault = reply.text === DEFAULT_TENANT_REPLY.text && reply.helpUrl === null && !reply.opaque;
    if (isDefault) replies.delete(tenantId);
    else if (replies.has(tenantId) || replies.size < MOST_REPLIES) replies.set(tenantId, reply);
    else throw new PolicyUnreadable(`place for more than ${MOST_REPLIES} replies of tenants`, json);
    if (this.beginning === null) this.changes++;
  }

  /** For the last known good; null while they are not known. */
  list(): RelayReply[] | null {
    if (!this.known) return null;
    return [...this.replies].map(([tenantId, reply]) => ({ tenantId: tenantId as TenantId, ...reply }));
  }

  /** Takes in what `list` gave. The tenant of a reply that is no longer valid has an opaque one until a stream comes. */
  restore(replies: readonly RelayReply[], onUnreadable: (error: unknown) => void): void {
    this.begin();
    for (const reply of replies) {
      try {
        this.apply(JSON.stringify(reply));
      } catch (error) {
        onUnreadable(error);
      }
    }
    this.complete();
  }
}
