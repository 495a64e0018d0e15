import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_TENANT_REPLY, isHelpUrl, isReplyText } from '@postern/contracts';
import type { RelayReply, TenantId, TenantReply } from '@postern/contracts';
import { PolicyUnreadable, parseObject } from '../replica/policy-json.js';

/** About 50 MB. The denials of more tenants get the default reply. */
const MOST_REPLIES = 100_000;

/** If the tenant chose an opaque reply, nobody must learn that the password is right. */
const OPAQUE: TenantReply = { ...DEFAULT_TENANT_REPLY, opaque: true };

/** The tenants' replies to a denied login, where they differ from the default. */
export class TenantReplies {
  received = false;
  changes = 0;
  private replies = new Map<string, TenantReply>();
  /** Replies at the beginning of a new stream; null when they are complete. */
  private beginning: Map<string, TenantReply> | null = null;

  /** Null: the default reply. An opaque one until a stream has sent all replies. */
  of(tenantId: string): TenantReply | null {
    return this.replies.get(tenantId) ?? (this.received ? null : OPAQUE);
  }

  /** A new stream first sends every reply that is not the default. Until then, the earlier ones are valid. */
  begin(): void {
    this.beginning = new Map();
  }

  complete(): void {
    if (this.beginning === null) return;
    if (!this.received || !isDeepStrictEqual(this.replies, this.beginning)) this.changes++;
    this.replies = this.beginning;
    this.beginning = null;
    this.received = true;
  }

  /** @throws PolicyUnreadable; the tenant then keeps its last reply, or gets an opaque one. */
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

  list(): RelayReply[] | null {
    if (!this.received) return null;
    return [...this.replies].map(([tenantId, reply]) => ({ tenantId: tenantId as TenantId, ...reply }));
  }

  /** Loads what `list` returned. A tenant whose reply is no longer valid has an opaque one until a stream sends it. */
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
