import { authDenialsStream, type AuthDenialEvent } from '@postern/contracts';
import type { parseAddress } from '@postern/ip-ranges';
import type { SmtpUserRef } from '../smtp-user/target.js';
import { storable } from '../write/plain-text.js';

export type AuthDenied = AuthDenialEvent['data'];

const LONGEST_IP = 100;

/** The canonical address, or the relay's text in a form that can be stored. */
export function storedIp(address: ReturnType<typeof parseAddress>, text: string): string {
  return address.ok ? address.value.text : storable(text, LONGEST_IP);
}

/** The denial's id is the event's id, so that the journal stores a repeated denial once. */
export function denialAppend(user: SmtpUserRef, denials: readonly AuthDenied[]) {
  return {
    tenantId: user.tenantId,
    streamId: authDenialsStream(user.smtpUserId),
    expectedVersion: 'any' as const,
    events: denials.map((data) => ({ type: 'AuthDenied' as const, eventId: data.denialId, data })),
  };
}
