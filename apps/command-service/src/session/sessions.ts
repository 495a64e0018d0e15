import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { getDataSourceToken, InjectDataSource } from '@nestjs/typeorm';
import { FreshRows, newSessionCookie, SESSION_HOURS } from '@postern/access';
import { hashSecret, newSecret, type ApiKeyId, type SessionId } from '@postern/contracts';
import { text, time, view } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import type { z } from 'zod';

export const MAX_SESSIONS_OF_ONE_KEY = 100;
export const LINK_MINUTES = 15;
export const MAX_LINKS_OF_ONE_KEY = 20;

export const signInLinkView = view('SignInLink', 'A link that signs one browser in, once.', {
  url: text('/sign-in#code=<code>', 'A path of this Postern. The code is in the fragment, which browsers do not send.'),
  expiresAt: time('2026-11-01T08:15:00.000Z'),
});
export type SignInLink = z.infer<typeof signInLinkView>;

/** Sessions of browsers, and links that sign in. They append no event. */
@Injectable()
export class Sessions {
  /** By their hashes. Guesses share look-ups, and take no connection from writes. */
  private readonly codes = new FreshRows<string, object>((hashes) => this.findCodes(hashes));

  constructor(
    @InjectDataSource('postern_journal_writer') private readonly writer: DataSource,
    @InjectDataSource('postern_access') private readonly access: DataSource,
  ) {}

  /** Starts a session. A sign-in code is used up. Returns the cookie's text; null if the code is not valid or its key was revoked. */
  async signIn(by: { readonly keyId: ApiKeyId } | { readonly code: string }): Promise<string | null> {
    if ('code' in by && !(await this.codes.with(hashSecret(by.code).toString('hex'), (found) => found))) return null;
    const { id, text, hash } = newSessionCookie();
    return this.writer.transaction(async (manager) => {
      const keyId = 'code' in by ? await useUp(manager, by.code) : by.keyId;
      if (keyId === undefined) return null;
      await manager.query(BEGIN_SESSION, [id, keyId, hash]);
      await manager.query(END_OLDEST, [keyId]);
      return text;
    });
  }

  async signOut(id: SessionId): Promise<void> {
    await this.writer.query('DELETE FROM access.sessions WHERE id = $1', [id]);
  }

  async makeLink(keyId: ApiKeyId): Promise<SignInLink> {
    const code = newSecret();
    return this.writer.transaction(async (manager) => {
      const [link] = await manager.query<{ expires_at: Date }[]>(MAKE_CODE, [hashSecret(code), keyId]);
      await manager.query(DROP_OLDEST_CODES, [keyId]);
      // In the fragment, which browsers do not send: no proxy's log and no linked server gets it.
      return { url: `/sign-in#code=${code}`, expiresAt: (link as { expires_at: Date }).expires_at.toISOString() };
    });
  }

  private async findCodes(hashes: readonly string[]): Promise<ReadonlyMap<string, object>> {
    const found = await this.access.query<{ hash: string }[]>(
      `SELECT encode(code_hash, 'hex') AS hash FROM access.sign_in_codes
        WHERE code_hash IN (SELECT decode(hash, 'hex') FROM unnest($1::text[]) AS hash) AND expires_at > clock_timestamp()`,
      [hashes],
    );
    return new Map(found.map((row) => [row.hash, row]));
  }
}

/** Call it at each start. The path of a sign-in link for the owner of the oldest valid operator key. */
export async function firstSignInPath(app: INestApplicationContext): Promise<string | null> {
  const [first] = await app
    .get<DataSource>(getDataSourceToken('postern_access'), { strict: false })
    .query<{ id: ApiKeyId }[]>(
      `SELECT id FROM access.api_keys WHERE role = 'operator' AND revoked_at IS NULL ORDER BY created_at, id LIMIT 1`,
    );
  return first ? (await app.get(Sessions, { strict: false }).makeLink(first.id)).url : null;
}

/** One statement: of two with the same code, the second waits and finds none. */
async function useUp(manager: EntityManager, code: string): Promise<ApiKeyId | undefined> {
  const [used] = await manager.query<[{ key_id: ApiKeyId }[], number]>(
    `DELETE FROM access.sign_in_codes c USING access.api_keys k
      WHERE c.code_hash = $1 AND c.expires_at > clock_timestamp() AND k.id = c.key_id AND k.revoked_at IS NULL
     RETURNING c.key_id`,
    [hashSecret(code)],
  );
  return used[0]?.key_id;
}

const BEGIN_SESSION = `INSERT INTO access.sessions (id, key_id, secret_hash, created_at, expires_at)
  VALUES ($1, $2, $3, now(), now() + interval '${SESSION_HOURS.unused} hours')`;

const END_OLDEST = `DELETE FROM access.sessions WHERE id IN (
  SELECT id FROM access.sessions WHERE key_id = $1 ORDER BY created_at DESC, id DESC OFFSET ${MAX_SESSIONS_OF_ONE_KEY})`;

const MAKE_CODE = `INSERT INTO access.sign_in_codes (code_hash, key_id, created_at, expires_at)
  VALUES ($1, $2, now(), now() + interval '${LINK_MINUTES} minutes') RETURNING expires_at`;

const DROP_OLDEST_CODES = `DELETE FROM access.sign_in_codes WHERE code_hash IN (
  SELECT code_hash FROM access.sign_in_codes WHERE key_id = $1 ORDER BY created_at DESC OFFSET ${MAX_LINKS_OF_ONE_KEY})`;
