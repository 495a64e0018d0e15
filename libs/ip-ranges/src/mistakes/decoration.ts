import type { FindMistake } from './mistake.js';

/** The tag of an SMTP address literal, `[IPv6:2001:db8::1]` (RFC 5321, section 4.1.3). */
export const literalTag: FindMistake = (text) => {
  const [tag] = /^\[?IPv6:/i.exec(text) ?? [];
  return tag === undefined
    ? null
    : { detail: 'give the address without the tag IPv6:.', meant: [text.slice(tag.length).replace(/\]$/, '')] };
};

export const bracketsAndPort: FindMistake = (text) => {
  const [, bracketed, port, rest] = /^\[([^[\]]*)\](:\d{1,5})?(.*)$/.exec(text) ?? [];
  if (bracketed !== undefined) {
    return {
      detail: `give the address without brackets${port ? ' and without a port' : ''}.`,
      meant: [bracketed + (rest ?? '')],
    };
  }
  const [, address] = /^([^:]*\.[^:]*):\d{1,5}$/.exec(text) ?? [];
  return address === undefined ? null : { detail: 'give the address without a port.', meant: [address] };
};

/** RFC 4007: a zone names an interface of one machine, and means nothing on another. */
export const zone: FindMistake = (text) =>
  text.includes('%') ? { detail: 'a zone (%…) is not part of an address.', meant: [text.replace(/%[^/]*/, '')] } : null;
