import {
  EMPTY_DIGEST,
  splitStreamId,
  usernameKey,
  type Recorded,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantId,
  type UsernameKey,
} from '@postern/contracts';
import { EventsMissing, isNextVersion } from '@postern/event-bus';
import { evolveRules, UNRESTRICTED } from './evolve-rules.js';
import type { PolicyRow, PolicyRules } from './policy-row.js';

interface Holder {
  readonly smtpUserId: SmtpUserId;
  version: number;
  eventId: string;
  live: PolicyRow | null;
}

/**
 * Who owns which username, while events are applied to the loaded rows. Events of one user come in order, but those of
 * two users may not: a username may be taken before the event that releases it arrives. So each user has its own row
 * per username, which only its own events change.
 */
export class UsernameOwnership {
  private readonly holders = new Map<SmtpUserId, Holder>();
  private readonly byUsername = new Map<UsernameKey, PolicyRow[]>();
  readonly touched = new Set<UsernameKey>();

  constructor(rows: readonly PolicyRow[]) {
    for (const row of rows) this.keep(row);
  }

  rowsOf(username: UsernameKey): readonly PolicyRow[] {
    return this.byUsername.get(username) ?? [];
  }

  /** Applies an event once. @throws `EventsMissing` if an earlier one is missing, `StreamConflict`. */
  apply(event: Recorded<SmtpUserEvent>): void {
    const holder = this.ownerOf(splitStreamId(event.streamId).subject as SmtpUserId);
    if (!isNextVersion(event, holder.version === 0 ? undefined : holder)) return;
    holder.version = event.version;
    holder.eventId = event.eventId;
    switch (event.type) {
      case 'SmtpUserRegistered':
        return this.claim(holder, event.data, UNRESTRICTED, event);
      case 'SmtpUserRenamed':
        return this.rename(holder, event.data.username, event);
      case 'SmtpUserRemoved':
        return this.release(holder, event);
      default: {
        const row = heldBy(holder, event);
        row.rules = evolveRules(row.rules, event);
        this.change(row, event);
      }
    }
  }

  private rename(holder: Holder, username: string, event: Recorded<SmtpUserEvent>): void {
    const held = heldBy(holder, event);
    if (held.usernameKey === usernameKey(username)) {
      held.username = username;
      this.change(held, event);
      return;
    }
    const { tenantId, rules } = held;
    this.release(holder, event);
    this.claim(holder, { tenantId, username }, rules, event);
  }

  private claim(
    holder: Holder,
    { tenantId, username }: { readonly tenantId: TenantId; readonly username: string },
    rules: PolicyRules,
    event: Recorded<SmtpUserEvent>,
  ): void {
    const key = usernameKey(username);
    const earlier = this.rowsOf(key).find((row) => row.smtpUserId === holder.smtpUserId);
    const row = earlier ?? newRow(holder.smtpUserId, tenantId, key);
    Object.assign(row, { username, rules, removed: false, claimedAt: event.position });
    if (!earlier) this.keep(row);
    holder.live = row;
    this.change(row, event);
  }

  /** A tombstone keeps `restricted` and loses its entries: even if it is misread, it lets nobody in. */
  private release(holder: Holder, event: Recorded<SmtpUserEvent>): void {
    const row = heldBy(holder, event);
    row.removed = true;
    row.rules = { ...row.rules, entries: [] };
    holder.live = null;
    this.change(row, event);
  }

  private change(row: PolicyRow, event: Recorded<SmtpUserEvent>): void {
    row.version = event.version;
    row.eventId = event.eventId;
    row.changed = true;
    this.touched.add(row.usernameKey);
  }

  private keep(row: PolicyRow): void {
    const rows = this.byUsername.get(row.usernameKey);
    if (rows) rows.push(row);
    else this.byUsername.set(row.usernameKey, [row]);
    const holder = this.ownerOf(row.smtpUserId);
    if (row.version > holder.version) Object.assign(holder, { version: row.version, eventId: row.eventId });
    if (!row.removed) holder.live = row;
  }

  private ownerOf(smtpUserId: SmtpUserId): Holder {
    let holder = this.holders.get(smtpUserId);
    if (!holder) {
      holder = { smtpUserId, version: 0, eventId: '', live: null };
      this.holders.set(smtpUserId, holder);
    }
    return holder;
  }
}

function heldBy(holder: Holder, event: Recorded<SmtpUserEvent>): PolicyRow {
  if (!holder.live) throw new EventsMissing(event, holder.version - 1);
  return holder.live;
}

function newRow(smtpUserId: SmtpUserId, tenantId: TenantId, key: UsernameKey): PolicyRow {
  return {
    smtpUserId,
    usernameKey: key,
    tenantId,
    username: key,
    rules: UNRESTRICTED,
    version: 0,
    eventId: '',
    claimedAt: 0,
    removed: false,
    digest: EMPTY_DIGEST,
    revision: null,
    changed: true,
  };
}
