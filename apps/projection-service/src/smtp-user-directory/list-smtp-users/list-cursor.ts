import { isUuid } from '@postern/contracts';

/** Behind which SMTP user a page goes on. */
export interface ListPosition {
  readonly createdAt: string;
  readonly id: string;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Callers are to pass it back, not to read it: base64url. */
export function cursorOf({ createdAt, id }: ListPosition): string {
  return Buffer.from(`${createdAt} ${id}`).toString('base64url');
}

/** Null when it is none that `cursorOf` made. */
export function readCursor(text: string): ListPosition | null {
  const [createdAt = '', id = '', ...more] = Buffer.from(text, 'base64url').toString().split(' ');
  const valid = INSTANT.test(createdAt) && !Number.isNaN(Date.parse(createdAt)) && isUuid(id) && more.length === 0;
  return valid ? { createdAt, id } : null;
}
