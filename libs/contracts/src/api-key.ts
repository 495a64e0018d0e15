import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newId, type ApiKeyId } from './ids.js';

export const ROLES = ['operator', 'admin', 'auditor', 'relay'] as const;
export type Role = (typeof ROLES)[number];

/** `pst_<role>_<id>_<secret>`: the id finds the key, the secret proves it. */
const API_KEY = new RegExp(`^pst_(${ROLES.join('|')})_([A-Za-z0-9-]{1,64})_([A-Za-z0-9-]{16,128})$`);

export function newApiKey(role: Role): { id: ApiKeyId; text: string } {
  const id = newId<ApiKeyId>();
  return { id, text: `pst_${role}_${id}_${newSecret()}` };
}

/** Null if it is malformed. Trust nothing in it before `matchesHash`. */
export function parseApiKey(text: string): { role: Role; id: ApiKeyId } | null {
  const match = text.length <= 256 ? API_KEY.exec(text) : null;
  return match ? { role: match[1] as Role, id: match[2] as ApiKeyId } : null;
}

/** 192 bits in lower-case hex: impossible to guess, so SHA-256 is enough for its storage. */
export function newSecret(): string {
  return randomBytes(24).toString('hex');
}

/** SHA-256 of a complete secret text: an API key, a session's cookie, a sign-in code. */
export function hashSecret(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

export function matchesHash(text: string, hash: Buffer): boolean {
  const own = hashSecret(text);
  return own.length === hash.length && timingSafeEqual(own, hash);
}
