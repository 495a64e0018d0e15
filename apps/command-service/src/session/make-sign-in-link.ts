import { type INestApplicationContext } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { getDataSourceToken, InjectDataSource } from '@nestjs/typeorm';
import { hashSecret, newSecret, type ApiKeyId } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import { text, time, view } from '@postern/http';

export const LINK_MINUTES = 15;
export const MAX_LINKS_OF_ONE_KEY = 20;

export const signInLinkView = view('SignInLink', 'A link that signs one browser in, once.', {
  url: text('/sign-in#code=<code>', 'A path of this Postern. The code is in the fragment, which browsers do not send.'),
  expiresAt: time('2026-11-01T08:15:00.000Z'),
});
export type SignInLink = z.infer<typeof signInLinkView>;

export class MakeSignInLink extends Command<SignInLink> {
  constructor(readonly keyId: ApiKeyId) {
    super();
  }
}

@CommandHandler(MakeSignInLink)
export class MakeSignInLinkHandler implements ICommandHandler<MakeSignInLink> {
  constructor(@InjectDataSource('postern_journal_writer') private readonly writer: DataSource) {}

  async execute({ keyId }: MakeSignInLink): Promise<SignInLink> {
    const code = newSecret();
    return this.writer.transaction(async (manager) => {
      const [link] = await manager.query<{ expires_at: Date }[]>(
        `INSERT INTO access.sign_in_codes (code_hash, key_id, created_at, expires_at)
         VALUES ($1, $2, now(), now() + interval '${LINK_MINUTES} minutes') RETURNING expires_at`,
        [hashSecret(code), keyId],
      );
      await manager.query(
        `DELETE FROM access.sign_in_codes WHERE code_hash IN (
           SELECT code_hash FROM access.sign_in_codes WHERE key_id = $1 ORDER BY created_at DESC OFFSET ${MAX_LINKS_OF_ONE_KEY})`,
        [keyId],
      );
      // In the fragment, which browsers do not send: no proxy's log and no linked server gets it.
      return { url: `/sign-in#code=${code}`, expiresAt: (link as { expires_at: Date }).expires_at.toISOString() };
    });
  }
}

/** Call it at each start. The path of a sign-in link for the owner of the oldest valid operator key. */
export async function firstSignInPath(app: INestApplicationContext): Promise<string | null> {
  const [first] = await app
    .get<DataSource>(getDataSourceToken('postern_access'), { strict: false })
    .query<{ id: ApiKeyId }[]>(
      `SELECT id FROM access.api_keys WHERE role = 'operator' AND revoked_at IS NULL ORDER BY created_at, id LIMIT 1`,
    );
  if (!first) return null;
  return (await app.get(CommandBus, { strict: false }).execute(new MakeSignInLink(first.id))).url;
}
