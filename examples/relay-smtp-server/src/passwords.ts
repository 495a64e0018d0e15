import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { isUsername, usernameKey } from '@postern/contracts';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const HASH_BYTES = 32;
const HASHED = /^scrypt:([\w-]+):([\w-]+)$/;

/** A password as stored in a users file: `scrypt:<salt>:<hash>`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password.normalize(), salt, HASH_BYTES);
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/** Usernames and the hashes of their passwords. Usernames are compared as in Postern; an invalid one cannot log in. */
export class Passwords {
  private constructor(
    private readonly hashes: ReadonlyMap<string, string>,
    private readonly nobody: string,
  ) {}

  /** Values are results of `hashPassword`, or plain passwords, which are hashed here. */
  static async of(users: Readonly<Record<string, string>>): Promise<Passwords> {
    const hashes = new Map<string, string>();
    for (const [username, password] of Object.entries(users)) {
      if (!isUsername(username)) continue;
      hashes.set(usernameKey(username), HASHED.test(password) ? password : await hashPassword(password));
    }
    return new Passwords(hashes, await hashPassword(randomBytes(16).toString('hex')));
  }

  /** An unknown username takes as long as a known one, so the time does not reveal which usernames exist. */
  async verify(username: string, password: string): Promise<boolean> {
    const [, salt = '', hash = ''] = HASHED.exec(this.find(username) ?? this.nobody) ?? [];
    const expected = Buffer.from(hash, 'base64url');
    const found = await derive(password.normalize(), Buffer.from(salt, 'base64url'), HASH_BYTES);
    return found.length === expected.length && timingSafeEqual(found, expected);
  }

  private find(username: string): string | undefined {
    return isUsername(username) ? this.hashes.get(usernameKey(username)) : undefined;
  }
}
