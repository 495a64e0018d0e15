import type { PackedAddress } from './packed-address.js';
import { EXPIRING, byteAt, expiryOf, keyLengthOf, networksAt, v4CountOf, v6CountOf, v6Words } from './record-layout.js';

/** No entry holds the address. */
const NO_MATCH = -1;
/** No entry is live, whatever the address. */
export const NONE_LIVE = -2;

/**
 * The index of the first live entry that holds the address; NO_MATCH or NONE_LIVE without one. An entry is live before
 * the instant at which it expires. `now` (milliseconds since 1970) is looked at only in a record with expiries.
 */
export function matchRecord(words: Uint32Array, at: number, address: PackedAddress, now: number): number {
  const header = words[at] as number;
  const v4Count = v4CountOf(header);
  const entries = v4Count + v6CountOf(header);
  const expiring = (header & EXPIRING) !== 0;
  const firstPrefix = keyLengthOf(header);
  let network = networksAt(at, header);
  if (address.family === 4) {
    const ip = address.words[0] as number;
    for (let i = 0; i < v4Count; i++, network++) {
      const hostBits = 32 - byteAt(words, at, firstPrefix + i);
      if (((words[network] as number) ^ ip) >>> hostBits === 0 && (!expiring || expiryOf(words, at, i) > now)) return i;
    }
  } else if (address.family === 6) {
    const ip = address.words;
    network += v4Count;
    for (let i = v4Count; i < entries; i++) {
      const prefix = byteAt(words, at, firstPrefix + i);
      if (holdsV6(words, network, prefix, ip) && (!expiring || expiryOf(words, at, i) > now)) return i;
      network += v6Words(prefix);
    }
  }
  return entries === 0 || (expiring && !anyLive(words, at, entries, now)) ? NONE_LIVE : NO_MATCH;
}

/** Word by word, and only the bits of the prefix; most networks differ in the first two words. */
function holdsV6(words: Uint32Array, network: number, prefix: number, ip: Uint32Array): boolean {
  const whole = prefix >>> 5;
  for (let i = 0; i < whole; i++) if (words[network + i] !== ip[i]) return false;
  const rest = prefix & 31;
  return rest === 0 || ((words[network + whole] as number) ^ (ip[whole] as number)) >>> (32 - rest) === 0;
}

function anyLive(words: Uint32Array, at: number, entries: number, now: number): boolean {
  for (let i = 0; i < entries; i++) if (expiryOf(words, at, i) > now) return true;
  return false;
}
