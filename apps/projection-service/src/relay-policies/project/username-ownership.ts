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

interface Owner {
  readonly smtpUserId: SmtpUserId;
  version: number;
  eventId: string;
  live: PolicyRow | null;
}

/** Each user has its own row per username, which only its own events change: a claim may arrive before the release by the previous owner. */
export class UsernameOwnership {
  private readonly owners = new Map<SmtpUserId, Owner>();
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
    const owner = this.ownerOf(splitStreamId(event.streamId).subject as SmtpUserId);
    if (!isNextVersion(event, owner.version === 0 ? undefined : owner)) return;
    owner.version = event.version;
    owner.eventId = event.eventId;
    switch (event.type) {
      case 'SmtpUserRegistered':
        return this.claim(owner, event.data, UNRESTRICTED, event);
      case 'SmtpUserRenamed':
        return this.rename(owner, event.data.username, event);
      case 'SmtpUserRemoved':
        return this.release(owner, event);
      default: {
        const row = ownedBy(owner, event);
        row.rules = evolveRules(row.rules, event);
        this.change(row, event);
      }
    }
  }

  private rename(owner: Owner, username: string, event: Recorded<SmtpUserEvent>): void {
    const owned = ownedBy(owner, event);
    if (owned.usernameKey === usernameKey(username)) {
      owned.username = username;
      this.change(owned, event);
      return;
    }
    const { tenantId, rules } = owned;
    this.release(owner, event);
    this.claim(owner, { tenantId, username }, rules, event);
  }

  private claim(
    owner: Owner,
    { tenantId, username }: { readonly tenantId: TenantId; readonly username: string },
    rules: PolicyRules,
    event: Recorded<SmtpUserEvent>,
  ): void {
    const key = usernameKey(username);
    const earlier = this.rowsOf(key).find((row) => row.smtpUserId === owner.smtpUserId);
    const row = earlier ?? newRow(owner.smtpUserId, tenantId, key);
    Object.assign(row, { username, rules, removed: false, claimedAt: event.position });
    if (!earlier) this.keep(row);
    owner.live = row;
    this.change(row, event);
  }

  /** A tombstone keeps `restricted` and loses its entries: even if it is misread, it lets nobody in. */
  private release(owner: Owner, event: Recorded<SmtpUserEvent>): void {
    const row = ownedBy(owner, event);
    row.removed = true;
    row.rules = { ...row.rules, entries: [] };
    owner.live = null;
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
    const owner = this.ownerOf(row.smtpUserId);
    if (row.version > owner.version) Object.assign(owner, { version: row.version, eventId: row.eventId });
    if (!row.removed) owner.live = row;
  }

  private ownerOf(smtpUserId: SmtpUserId): Owner {
    let owner = this.owners.get(smtpUserId);
    if (!owner) {
      owner = { smtpUserId, version: 0, eventId: '', live: null };
      this.owners.set(smtpUserId, owner);
    }
    return owner;
  }
}

function ownedBy(owner: Owner, event: Recorded<SmtpUserEvent>): PolicyRow {
  if (!owner.live) throw new EventsMissing(event, owner.version - 1);
  return owner.live;
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
