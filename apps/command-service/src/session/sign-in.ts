import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { FreshRows, newSessionCookie, SESSION_HOURS } from '@postern/access';
import { hashSecret, type ApiKeyId } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';

export const MAX_SESSIONS_OF_ONE_KEY = 100;

/** Starts a session. A sign-in code is used up. Returns the cookie's text; null if the code is not valid or its key was revoked. */
export class SignIn extends Command<string | null> {
  constructor(readonly by: { readonly keyId: ApiKeyId } | { readonly code: string }) {
    super();
  }
}

@CommandHandler(SignIn)
export class SignInHandler implements ICommandHandler<SignIn> {
  /** By their hashes. Guesses share look-ups, and take no connection from writes. */
  private readonly codes = new FreshRows<string, object>((hashes) => this.findCodes(hashes));

  constructor(
    @InjectDataSource('postern_journal_writer') private readonly writer: DataSource,
    @InjectDataSource('postern_access') private readonly access: DataSource,
  ) {}

  async execute({ by }: SignIn): Promise<string | null> {
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

  private async findCodes(hashes: readonly string[]): Promise<ReadonlyMap<string, object>> {
    const found = await this.access.query<{ hash: string }[]>(
      `SELECT encode(code_hash, 'hex') AS hash FROM access.sign_in_codes
        WHERE code_hash IN (SELECT decode(hash, 'hex') FROM unnest($1::text[]) AS hash) AND expires_at > clock_timestamp()`,
      [hashes],
    );
    return new Map(found.map((row) => [row.hash, row]));
  }
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
