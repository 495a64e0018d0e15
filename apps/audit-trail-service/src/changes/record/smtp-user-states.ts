import { usernameKey, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { EventsMissing } from '@postern/event-bus';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import type { KnownSmtpUser } from '../../smtp-user/find-smtp-user.js';

/** The states of the SMTP users of a batch: loaded at once, changed event by event, saved at once. */
export class SmtpUserStates {
  private readonly changed = new Set<string>();
  private readonly names = new Map<string, { tenantId: string; key: string; smtpUserId: string }>();

  private constructor(private readonly states: Map<string, SmtpUserState>) {}

  static async load(manager: EntityManager, smtpUserIds: readonly string[]): Promise<SmtpUserStates> {
    if (smtpUserIds.length === 0) return new SmtpUserStates(new Map());
    const rows = await manager.query<{ smtp_user_id: string; state: KnownSmtpUser }[]>(
      'SELECT smtp_user_id, state FROM audit.restrictions WHERE smtp_user_id = ANY ($1::uuid[])',
      [[...new Set(smtpUserIds)]],
    );
    return new SmtpUserStates(new Map(rows.map((row) => [row.smtp_user_id, row.state])));
  }

  /** The states before and after the event, or null where it was applied before. Throws `EventsMissing`. */
  apply(
    smtpUserId: string,
    event: Recorded<SmtpUserEvent>,
  ): { readonly before: SmtpUserState; readonly after: KnownSmtpUser } | null {
    const before = this.states.get(smtpUserId) ?? initialState();
    if (event.version <= before.version) return null;
    if (event.version > before.version + 1) throw new EventsMissing(event, before.version);
    const after = evolve(before, event);
    if (after.status === 'none') throw new EventsMissing(event, before.version);
    this.states.set(smtpUserId, after);
    this.changed.add(smtpUserId);
    const key = usernameKey(after.username);
    this.names.set(`${smtpUserId} ${key}`, { tenantId: after.tenantId, key, smtpUserId });
    return { before, after };
  }

  async save(manager: EntityManager): Promise<void> {
    if (this.changed.size === 0) return;
    const ids = [...this.changed].sort();
    const states = ids.map((id) => this.states.get(id) as KnownSmtpUser);
    await manager.query(SAVE_STATES, [
      ids,
      states.map((state) => state.tenantId),
      states.map((state) => state.username),
      states.map((state) => state.status === 'removed'),
      states.map((state) => state.version),
      states.map((state) => JSON.stringify(state)),
    ]);
    const names = [...this.names.values()];
    await manager.query(SAVE_NAMES, [
      names.map((name) => name.tenantId),
      names.map((name) => name.key),
      names.map((name) => name.smtpUserId),
    ]);
  }
}

const SAVE_STATES = `
  INSERT INTO audit.restrictions AS known (smtp_user_id, tenant_id, username, removed, version, state)
  SELECT id, tenant_id, username, removed, version, state::jsonb
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::integer[], $6::text[])
      AS new (id, tenant_id, username, removed, version, state)
  ON CONFLICT (smtp_user_id) DO UPDATE
    SET username = excluded.username, removed = excluded.removed, version = excluded.version, state = excluded.state
  WHERE known.version < excluded.version`;

/** A name that was given up stays: denials are found by it. */
const SAVE_NAMES = `
  INSERT INTO audit.usernames (tenant_id, username_key, smtp_user_id)
  SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
  ON CONFLICT DO NOTHING`;
