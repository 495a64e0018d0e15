import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newId, type ApiKeyId } from './ids.js';

export const ROLES = ['operator', 'admin', 'auditor', 'relay'] as const;
export type Role = (typeof ROLES)[number];

/** `pst_<role>_<id>_<secret>`: the id finds the key, the secret proves it. */
const API_KEY = new RegExp(`^pst_(${ROLES.join('|')})_([A-Za-z0-9-]{1,64})_([A-Za-z0-9-]{16,128})$`);

/** 192 bits, far beyond guessing, so that a plain SHA-256 is enough to store it by. */
const SECRET_BYTES = 24;

/** Makes a key. The text is shown once; only its hash is kept. */
export function newApiKey(role: Role): { id: ApiKeyId; text: string } {
  const id = newId<ApiKeyId>();
  return { id, text: `pst_${role}_${id}_${randomBytes(SECRET_BYTES).toString('hex')}` };
}

/** Takes a key apart; null when it is malformed. Believe nothing in it before `matchesHash`. */
export function parseApiKey(text: string): { role: Role; id: ApiKeyId } | null {
  const match = text.length <= 256 ? API_KEY.exec(text) : null;
  return match ? { role: match[1] as Role, id: match[2] as ApiKeyId } : null;
}

/** SHA-256 of the complete key's text. */
export function hashApiKey(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

/** Compares in constant time. */
export function matchesHash(text: string, hash: Buffer): boolean {
  const own = hashApiKey(text);
  return own.length === hash.length && timingSafeEqual(own, hash);
}
