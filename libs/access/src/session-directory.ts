import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import {
  hashSecret,
  matchesHash,
  newId,
  newSecret,
  type ApiKeyId,
  type Role,
  type SessionId,
  type TenantId,
} from '@postern/contracts';
import type { Principal } from '@postern/http';
import type { DataSource } from 'typeorm';
import { ApiKeyDirectory } from './api-key-directory.js';
import { FreshRows } from './fresh-rows.js';
import { Uses } from './uses.js';

/** Lifetime of an unused session, and the maximum, which `sessions.sql` has too. */
export const SESSION_HOURS = { unused: 12, most: 7 * 24 };

/** `<id>.<secret>`: the id finds the session, the secret proves it. */
const SESSION = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[0-9a-f]{48}$/;

export function newSessionCookie(): { readonly id: SessionId; readonly text: string; readonly hash: Buffer } {
  const id = newId<SessionId>();
  const text = `${id}.${newSecret()}`;
  return { id, text, hash: hashSecret(text) };
}

interface StoredSession {
  readonly principal: Principal;
  readonly hash: Buffer;
  readonly renewable: boolean;
}

interface Row {
  readonly id: SessionId;
  readonly secret_hash: Buffer;
  readonly expires_at: Date;
  readonly renewable: boolean;
  readonly key_id: ApiKeyId;
  readonly tenant_id: TenantId | null;
  readonly role: Role;
  readonly name: string;
}

const RENEWED = `least(s.created_at + interval '${SESSION_HOURS.most} hours', clock_timestamp() + interval '${SESSION_HOURS.unused} hours')`;

/** Renews used sessions. A revoked key ends its sessions. */
@Injectable()
export class SessionDirectory implements BeforeApplicationShutdown {
  private readonly sessions = new FreshRows<SessionId, StoredSession>((ids) => this.load(ids));
  private readonly uses = new Uses<SessionId>((uses) => this.renew([...uses.keys()]));

  constructor(
    @InjectDataSource('postern_access') private readonly dataSource: DataSource,
    @Inject(ApiKeyDirectory) private readonly keys: ApiKeyDirectory,
  ) {}

  /** Null if the cookie is malformed, unknown, expired, revoked or wrong. @throws if the database fails. */
  authenticate(text: string): Principal | null | Promise<Principal | null> {
    const id = SESSION.exec(text)?.[1] as SessionId | undefined;
    if (id === undefined) return null;
    return this.sessions.with(id, (stored) => {
      if (stored === null || !matchesHash(text, stored.hash)) return null;
      if (stored.renewable) this.uses.note(id);
      this.keys.noteUse(stored.principal.actor.keyId);
      return stored.principal;
    });
  }

  /** Does not renew the session. */
  isValid(id: SessionId): boolean | Promise<boolean> {
    return this.sessions.with(id, (stored) => stored !== null);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.uses.stop();
  }

  private async load(ids: readonly SessionId[]): Promise<ReadonlyMap<SessionId, StoredSession>> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT s.id, s.secret_hash, s.expires_at, ${RENEWED} - s.expires_at > interval '1 minute' AS renewable,
              k.id AS key_id, k.tenant_id, k.role, k.name
         FROM access.sessions s JOIN access.api_keys k ON k.id = s.key_id
        WHERE s.id = ANY ($1::uuid[]) AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND k.revoked_at IS NULL`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, storedSession(row)]));
  }

  private renew(ids: readonly SessionId[]): Promise<unknown> {
    return this.dataSource.query(
      `UPDATE access.sessions s SET renewed_at = clock_timestamp(), expires_at = ${RENEWED}
        WHERE id = ANY ($1::uuid[]) AND revoked_at IS NULL AND expires_at > clock_timestamp()`,
      [ids],
    );
  }
}

function storedSession(row: Row): StoredSession {
  const {
    id,
    secret_hash: hash,
    expires_at: expiresAt,
    renewable,
    key_id: keyId,
    tenant_id: tenantId,
    role,
    name,
  } = row;
  const session = { id, expiresAt: expiresAt.toISOString() };
  return { principal: { actor: { role, keyId, name, sessionId: id }, tenantId, session }, hash, renewable };
}
