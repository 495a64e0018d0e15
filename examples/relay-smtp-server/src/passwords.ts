import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { isUsername, usernameKey } from '@postern/contracts';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const HASH_BYTES = 32;
const HASHED = /^scrypt:([\w-]+):([\w-]+)$/;

/** A password as a users file holds it: `scrypt:<salt>:<hash>`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password.normalize(), salt, HASH_BYTES);
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/** Who may log in. Usernames are read and compared as Postern does it; what is none is nobody's. */
export class Passwords {
  private constructor(
    private readonly hashes: ReadonlyMap<string, string>,
    private readonly nobody: string,
  ) {}

  /** From usernames and what `hashPassword` gave, or plain passwords, which are hashed at once. */
  static async of(users: Readonly<Record<string, string>>): Promise<Passwords> {
    const hashes = new Map<string, string>();
    for (const [username, password] of Object.entries(users)) {
      if (!isUsername(username)) continue;
      hashes.set(usernameKey(username), HASHED.test(password) ? password : await hashPassword(password));
    }
    return new Passwords(hashes, await hashPassword(randomBytes(16).toString('hex')));
  }

  /** Takes as long for a username that does not exist: the time must not reveal which ones do. */
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
