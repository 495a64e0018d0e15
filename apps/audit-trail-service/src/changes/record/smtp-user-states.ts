import { usernameKey, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { EventsMissing, isNextVersion, type AppliedVersion } from '@postern/event-bus';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import type { KnownSmtpUser } from '../../smtp-user/find-smtp-user.js';

/** The states of the SMTP users of a batch: loaded at once, changed event by event, saved at once. */
export class SmtpUserStates {
  private readonly changed = new Set<string>();
  private readonly names = new Map<string, { tenantId: string; key: string; smtpUserId: string }>();

  private constructor(
    private readonly states: Map<string, SmtpUserState>,
    private readonly applied: Map<string, AppliedVersion>,
  ) {}

  static async load(manager: EntityManager, smtpUserIds: readonly string[]): Promise<SmtpUserStates> {
    if (smtpUserIds.length === 0) return new SmtpUserStates(new Map(), new Map());
    const rows = await manager.query<{ id: string; version: number; eventId: string; state: KnownSmtpUser }[]>(
      'SELECT smtp_user_id AS id, version, event_id AS "eventId", state FROM restrictions WHERE smtp_user_id = ANY ($1::uuid[])',
      [[...new Set(smtpUserIds)]],
    );
    return new SmtpUserStates(
      new Map(rows.map(({ id, state }) => [id, state])),
      new Map(rows.map(({ id, version, eventId }) => [id, { version, eventId }])),
    );
  }

  /** The states before and after the event, or null where it was applied before. Throws `EventsMissing`, `StreamConflict`. */
  apply(
    smtpUserId: string,
    event: Recorded<SmtpUserEvent>,
  ): { readonly before: SmtpUserState; readonly after: KnownSmtpUser } | null {
    if (!isNextVersion(event, this.applied.get(smtpUserId))) return null;
    const before = this.states.get(smtpUserId) ?? initialState();
    const after = evolve(before, event);
    if (after.status === 'none') throw new EventsMissing(event, before.version);
    this.states.set(smtpUserId, after);
    this.applied.set(smtpUserId, event);
    this.changed.add(smtpUserId);
    if (event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed') {
      const key = usernameKey(after.username);
      this.names.set(`${smtpUserId} ${key}`, { tenantId: after.tenantId, key, smtpUserId });
    }
    return { before, after };
  }

  async save(manager: EntityManager): Promise<void> {
    if (this.changed.size === 0) return;
    const ids = [...this.changed].sort();
    const rows = ids.map((id) => {
      const state = this.states.get(id) as KnownSmtpUser;
      const { tenantId, username, version, status } = state;
      return {
        id,
        tenantId,
        username,
        removed: status === 'removed',
        version,
        eventId: this.applied.get(id)?.eventId,
        state,
      };
    });
    await manager.query(SAVE_STATES, [JSON.stringify(rows)]);
    const names = [...this.names.values()];
    if (names.length === 0) return;
    await manager.query(SAVE_NAMES, [
      names.map((name) => name.tenantId),
      names.map((name) => name.key),
      names.map((name) => name.smtpUserId),
    ]);
  }
}

const SAVE_STATES = `
  INSERT INTO restrictions AS known (smtp_user_id, tenant_id, username, removed, version, event_id, state)
  SELECT * FROM json_to_recordset($1::json) AS new (
         id uuid, "tenantId" text, username text, removed boolean, version integer, "eventId" uuid, state jsonb)
  ON CONFLICT (smtp_user_id) DO UPDATE
    SET username = excluded.username, removed = excluded.removed, version = excluded.version, event_id = excluded.event_id,
        state = excluded.state
  WHERE known.version < excluded.version`;

/** A name that was given up stays: denials are found by it. */
const SAVE_NAMES = `
  INSERT INTO usernames (tenant_id, username_key, smtp_user_id)
  SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
  ON CONFLICT DO NOTHING`;
