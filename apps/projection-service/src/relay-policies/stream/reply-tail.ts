import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import { WakeSignal } from '@postern/async';
import { DEFAULT_TENANT_REPLY, type RelayReply, type TenantId, type TenantReply } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { sseEvent } from './frame-pages.js';

const RETRY_MS = 500;
const ROWS_PER_PAGE = 1_000;

interface Sent {
  readonly revision: number;
  readonly frame: Buffer;
  readonly isDefault: boolean;
}

/** Follows `access.tenant_replies`. Keeps in memory the replies that are not the default, and those that became it again. */
export class ReplyTail {
  private readonly logger = new Logger('relay-policies');
  private readonly replies = new Map<TenantId, Sent>();
  private at: number | null = null;
  private readonly signal = new WakeSignal();
  private readonly running: Promise<void>;
  /** The last result of `behind`: most members are at the same position. */
  private last: { readonly after: number; readonly upTo: number; readonly bytes: Buffer } | null = null;

  constructor(
    private readonly access: DataSource,
    private readonly pollMs: number,
    private readonly listener: { onReplies(): void; onGoneBack(): void },
  ) {
    this.running = this.run();
  }

  /** All replies up to this revision are loaded; null before the first read. */
  get position(): number | null {
    return this.at;
  }

  wake(): void {
    this.signal.wake();
  }

  /** The events of the changes after a position; after -1, of every reply that is not the default. */
  behind(after: number): Buffer {
    const upTo = this.at ?? -1;
    if (this.last?.after === after && this.last.upTo === upTo) return this.last.bytes;
    const frames: Buffer[] = [];
    for (const { revision, frame, isDefault } of this.replies.values())
      if (revision > after && !(after < 0 && isDefault)) frames.push(frame);
    this.last = { after, upTo, bytes: Buffer.concat(frames) };
    return this.last.bytes;
  }

  async stop(): Promise<void> {
    this.signal.close();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.signal.closed) {
      let waitMs = this.pollMs;
      try {
        await this.readOn();
      } catch (error) {
        if (this.signal.closed) return;
        this.logger.warn({ msg: 'cannot read the replies of tenants; streams wait', err: String(error) });
        waitMs = RETRY_MS;
      }
      await this.signal.wait(waitMs);
    }
  }

  private async readOn(): Promise<void> {
    const before = this.at;
    let position = before ?? -1;
    for (let rows: ReplyRecord[] = []; ; position = Number(rows.at(-1)?.revision)) {
      rows = await this.access.query<ReplyRecord[]>(PAGE, [position, ROWS_PER_PAGE]);
      const last = Number(rows[0]?.last ?? 0);
      if (last < (before ?? 0)) return this.beginAgain();
      for (const row of rows) if (row.reply !== null) this.take(row.tenant_id, row.reply, Number(row.revision));
      if (rows.length < ROWS_PER_PAGE) {
        this.at = last;
        break;
      }
    }
    if (before !== null && this.at !== before) this.listener.onReplies();
  }

  private beginAgain(): void {
    this.replies.clear();
    this.at = null;
    this.listener.onGoneBack();
    this.signal.wake();
  }

  private take(tenantId: TenantId, reply: TenantReply, revision: number): void {
    const isDefault = isDeepStrictEqual(reply, DEFAULT_TENANT_REPLY);
    // Relays never got another one.
    if (isDefault && !this.replies.has(tenantId)) return;
    const data: RelayReply = { tenantId, ...reply };
    this.replies.set(tenantId, { revision, frame: sseEvent('reply', data), isDefault });
  }
}

/** Uses the index tenant_replies_by_revision. */
const PAGE = `
  SELECT all_of_them.revision AS last, changed.*
    FROM (SELECT coalesce(max(revision), 0) AS revision FROM access.tenant_replies) all_of_them
    LEFT JOIN LATERAL (SELECT tenant_id, reply, revision FROM access.tenant_replies
                        WHERE revision > $1 ORDER BY revision LIMIT $2) changed ON true
   ORDER BY changed.revision`;

interface ReplyRecord {
  readonly last: string;
  readonly tenant_id: TenantId;
  /** Null: nothing has changed. */
  readonly reply: TenantReply | null;
  readonly revision: string;
}
