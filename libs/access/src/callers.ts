import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import {
  hashSecret,
  matchesHash,
  newId,
  newSecret,
  parseApiKey,
  type ApiKeyId,
  type Role,
  type SessionId,
  type TenantId,
} from '@postern/contracts';
import type { Credential, Principal } from '@postern/http';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { FreshRows, MAX_CACHED_KEYS } from './fresh-rows.js';
import { TenantEntity } from './tables/tenant.entity.js';

/** Lifetime of an unused session, and the maximum, which `sessions.sql` has too. */
export const SESSION_HOURS = { unused: 12, most: 7 * 24 };

/** `<id>.<secret>`: the id finds the session, the secret proves it. */
const SESSION = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[0-9a-f]{48}$/;

export function newSessionCookie(): { readonly id: SessionId; readonly text: string; readonly hash: Buffer } {
  const id = newId<SessionId>();
  const text = `${id}.${newSecret()}`;
  return { id, text, hash: hashSecret(text) };
}

const WRITE_USES_EVERY_MS = 5_000;

interface Stored {
  readonly principal: Principal;
  /** Of the key's or the cookie's complete text. */
  readonly hash: Buffer;
}

interface Row {
  /** Of the key or the session. */
  readonly id: string;
  readonly keyId: ApiKeyId;
  readonly tenantId: TenantId | null;
  readonly role: Role;
  readonly name: string;
  readonly hash: Buffer;
  /** Null: a key. */
  readonly expiresAt: Date | null;
}

/** Who sends a request: API keys and sessions. A revoked key also ends its sessions; a used session is renewed. */
@Injectable()
export class Callers implements BeforeApplicationShutdown {
  private readonly keys = new FreshRows<ApiKeyId, Stored>((ids) => this.load(KEYS, ids));
  private readonly sessions = new FreshRows<SessionId, Stored>((ids) => this.load(SESSIONS, ids));
  private readonly tenants = new LRUCache<TenantId, true>({ max: MAX_CACHED_KEYS });
  private usedKeys = new Map<ApiKeyId, Date>();
  private usedSessions = new Set<SessionId>();
  private readonly timer = setInterval(() => void this.writeUses(), WRITE_USES_EVERY_MS).unref();

  constructor(@InjectDataSource('postern_access') private readonly dataSource: DataSource) {}

  /** Null if the credential is malformed, unknown, expired, revoked or wrong. @throws if the database fails. */
  find({ kind, text }: Credential): Principal | null | Promise<Principal | null> {
    const proved = (stored: Stored | null): Principal | null => {
      if (stored === null || !matchesHash(text, stored.hash)) return null;
      const { keyId, sessionId } = stored.principal.actor;
      this.usedKeys.set(keyId, new Date());
      if (sessionId !== undefined) this.usedSessions.add(sessionId);
      return stored.principal;
    };
    if (kind === 'api-key') {
      const key = parseApiKey(text);
      return key && this.keys.with(key.id, proved);
    }
    const id = SESSION.exec(text)?.[1] as SessionId | undefined;
    return id === undefined ? null : this.sessions.with(id, proved);
  }

  /** Does not renew a session. */
  isValid({ actor: { keyId, sessionId } }: Principal): boolean | Promise<boolean> {
    if (sessionId !== undefined) return this.sessions.with(sessionId, (stored) => stored !== null);
    return this.keys.with(keyId, (stored) => {
      if (stored !== null) this.usedKeys.set(keyId, new Date());
      return stored !== null;
    });
  }

  async tenantExists(tenantId: TenantId): Promise<boolean> {
    if (this.tenants.has(tenantId)) return true;
    const exists = await this.dataSource.manager.existsBy(TenantEntity, { id: tenantId });
    if (exists) this.tenants.set(tenantId, true);
    return exists;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.writeUses();
  }

  private async load<Id extends string>(sql: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Stored>> {
    const rows = await this.dataSource.query<Row[]>(sql, [ids]);
    return new Map(rows.map((row) => [row.id as Id, stored(row)]));
  }

  /** Uses that cannot be written are lost: the next ones will do. */
  private async writeUses(): Promise<void> {
    const [keys, sessions] = [this.usedKeys, this.usedSessions];
    [this.usedKeys, this.usedSessions] = [new Map(), new Set()];
    if (keys.size > 0)
      await this.dataSource.query(NOTE_USES, [[...keys.keys()], [...keys.values()]]).catch(() => undefined);
    if (sessions.size > 0) await this.dataSource.query(RENEW, [[...sessions]]).catch(() => undefined);
  }
}

function stored({ id, keyId, tenantId, role, name, hash, expiresAt }: Row): Stored {
  const actor = { role, keyId, name };
  if (expiresAt === null) return { principal: { actor, tenantId, session: null }, hash };
  const session = { id: id as SessionId, expiresAt: expiresAt.toISOString() };
  return { principal: { actor: { ...actor, sessionId: session.id }, tenantId, session }, hash };
}

const KEYS = `
  SELECT id, id AS "keyId", tenant_id AS "tenantId", role, name, secret_hash AS hash, NULL AS "expiresAt"
    FROM access.api_keys WHERE id = ANY ($1::text[]) AND revoked_at IS NULL`;

const SESSIONS = `
  SELECT s.id, k.id AS "keyId", k.tenant_id AS "tenantId", k.role, k.name, s.secret_hash AS hash, s.expires_at AS "expiresAt"
    FROM access.sessions s JOIN access.api_keys k ON k.id = s.key_id
   WHERE s.id = ANY ($1::uuid[]) AND s.expires_at > clock_timestamp() AND k.revoked_at IS NULL`;

const NOTE_USES = `
  UPDATE access.api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
    FROM unnest($1::text[], $2::timestamptz[]) AS u(id, at) WHERE k.id = u.id`;

const RENEWED = `least(created_at + interval '${SESSION_HOURS.most} hours', clock_timestamp() + interval '${SESSION_HOURS.unused} hours')`;

/** At most once a minute, because a page sends many requests. */
const RENEW = `
  UPDATE access.sessions SET expires_at = ${RENEWED}
   WHERE id = ANY ($1::uuid[]) AND expires_at > clock_timestamp() AND ${RENEWED} - expires_at > interval '1 minute'`;
