/** Why a text was refused; the codes of the HTTP API. */
export type RefusalCode = 'range-invalid' | 'host-bits-set' | 'range-too-wide' | 'source-ip-invalid';

export interface Refused {
  readonly ok: false;
  readonly code: RefusalCode;
  /** A sentence for whoever typed it: what is wrong and what would be right. */
  readonly detail: string;
  /** Texts that would be accepted in its place, canonical, the likeliest first; empty where none can be guessed. */
  readonly suggestions: readonly string[];
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

/** The longest accepted text is 49 characters (a mapped address in full, `/128`): what is much longer is not looked at. */
export const MAX_TEXT_LENGTH = 64;
