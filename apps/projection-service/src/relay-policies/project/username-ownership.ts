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

/** Each user has its own row per username, which only its own events change: a claim may arrive before the release by the previous owner. */
export class UsernameOwnership {
  private readonly byUser: Map<SmtpUserId, PolicyRow[]>;
  private readonly byUsername: Map<UsernameKey, PolicyRow[]>;
  readonly touched = new Set<UsernameKey>();

  constructor(rows: readonly PolicyRow[]) {
    this.byUser = Map.groupBy(rows, ({ smtpUserId }) => smtpUserId);
    this.byUsername = Map.groupBy(rows, ({ usernameKey: key }) => key);
  }

  rowsOf(username: UsernameKey): readonly PolicyRow[] {
    return this.byUsername.get(username) ?? [];
  }

  /** Applies an event once. @throws `EventsMissing` if an earlier one is missing, `StreamConflict`. */
  apply(event: Recorded<SmtpUserEvent>): void {
    const smtpUserId = splitStreamId(event.streamId).subject as SmtpUserId;
    const rows = this.byUser.get(smtpUserId) ?? [];
    if (!isNextVersion(event, lastChanged(rows))) return;
    if (event.type === 'SmtpUserRegistered') return this.claim(smtpUserId, event.data, UNRESTRICTED, event);
    const row = rows.find(({ removed }) => !removed);
    if (!row) throw new EventsMissing(event, event.version - 1);
    if (event.type === 'SmtpUserRemoved') return this.release(row, event);
    if (event.type !== 'SmtpUserRenamed') row.rules = evolveRules(row.rules, event);
    else if (usernameKey(event.data.username) === row.usernameKey) row.username = event.data.username;
    else {
      const { tenantId, rules } = row;
      this.release(row, event);
      return this.claim(smtpUserId, { tenantId, username: event.data.username }, rules, event);
    }
    this.change(row, event);
  }

  private claim(
    smtpUserId: SmtpUserId,
    { tenantId, username }: { readonly tenantId: TenantId; readonly username: string },
    rules: PolicyRules,
    event: Recorded<SmtpUserEvent>,
  ): void {
    const key = usernameKey(username);
    const earlier = this.rowsOf(key).find((row) => row.smtpUserId === smtpUserId);
    const row = earlier ?? newRow(smtpUserId, tenantId, key);
    Object.assign(row, { username, rules, removed: false, claimedAt: event.position });
    if (!earlier) {
      add(this.byUser, smtpUserId, row);
      add(this.byUsername, key, row);
    }
    this.change(row, event);
  }

  /** A tombstone keeps `restricted` and loses its entries: even if it is misread, it lets nobody in. */
  private release(row: PolicyRow, event: Recorded<SmtpUserEvent>): void {
    row.removed = true;
    row.rules = { ...row.rules, entries: [] };
    this.change(row, event);
  }

  private change(row: PolicyRow, event: Recorded<SmtpUserEvent>): void {
    row.version = event.version;
    row.eventId = event.eventId;
    row.changed = true;
    this.touched.add(row.usernameKey);
  }
}

function lastChanged(rows: readonly PolicyRow[]): PolicyRow | undefined {
  return rows.reduce<PolicyRow | undefined>(
    (last, row) => (last && last.version >= row.version ? last : row),
    undefined,
  );
}

function add<Key>(rows: Map<Key, PolicyRow[]>, key: Key, row: PolicyRow): void {
  const others = rows.get(key);
  if (others) others.push(row);
  else rows.set(key, [row]);
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
