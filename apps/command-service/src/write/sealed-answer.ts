import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { IdempotencyClaim } from './request-context.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a key by HKDF from the caller's secret, of which the database has only the hash: nobody else can read an issued key's text.
 * Layout: nonce (12 bytes), tag (16 bytes), ciphertext.
 */
export function sealAnswer(claim: IdempotencyClaim, answer: unknown): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(claim), nonce).setAAD(claim.requestHash);
  const text = Buffer.from(JSON.stringify(answer ?? null), 'utf8');
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @throws if it was sealed for another claim, or tampered with. */
export function openAnswer(claim: IdempotencyClaim, sealed: Buffer): unknown {
  const decipher = createDecipheriv(CIPHER, keyOf(claim), sealed.subarray(0, NONCE_BYTES))
    .setAAD(claim.requestHash)
    .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString('utf8')) as unknown;
}

function keyOf({ secret, callerId, key }: IdempotencyClaim): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, callerId, `postern idempotency answer ${key}`, 32));
}
