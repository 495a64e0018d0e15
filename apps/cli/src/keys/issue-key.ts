import { printable } from '@postern/terminal';
import type { ApiKey } from '@postern/contracts';
import { open, rm } from 'node:fs/promises';
import { usageFailure } from '../failure.js';
import type { Session } from '../session.js';

export interface KeyWanted {
  readonly role: ApiKey['role'];
  readonly name: string;
  /** The file for it; shown where it is left out. */
  readonly save?: string;
  readonly idempotencyKey?: string;
}

type IssuedKey = ApiKey & { readonly key: string };

/** Issues a key at `path`. A file is opened before, so that no key is issued that has nowhere to go. */
export async function issueKey(session: Session, path: string, wanted: KeyWanted): Promise<void> {
  const { role, name, save, idempotencyKey } = wanted;
  const request = { body: { role, name }, idempotencyKey };
  if (save === undefined) {
    const { body } = await session.api.write<IssuedKey>('POST', path, request);
    session.output.answer(body, () => `${issued(body)} It is shown this once:\n\n  ${body.key}\n`);
    return;
  }
  const file = await open(save, 'wx', 0o600).catch((error: unknown) => {
    throw usageFailure(`--save: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    const { body } = await session.api.write<IssuedKey>('POST', path, request);
    const { key, ...shown } = body;
    await file.writeFile(`${key}\n`);
    await file.sync();
    session.output.answer(shown, () => `${issued(body)} It is kept in ${printable(save)}; set POSTERN_KEY_FILE to it.`);
  } catch (error) {
    await rm(save, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function issued({ id, role, name }: IssuedKey): string {
  return `Issued the ${role} key "${printable(name)}" (${id}).`;
}
