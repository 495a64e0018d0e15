import { Problem } from '@postern/http';

/** The header `Postern-Guard`: the change must not refuse an address that logged in during the last 7 days. */
export interface RequestedGuard {
  /** The digest of the addresses that it may refuse; null: none. */
  readonly accepts: string | null;
}

const HEADER = /^lockout(?:[ \t]*;[ \t]*accept="([^"]*)")?$/;

/** Reads the header `Postern-Guard`; null if it is missing. @throws 400 for any other value: a typing error must not leave a change unguarded. */
export function readGuard(header: string | string[] | undefined): RequestedGuard | null {
  if (header === undefined) return null;
  const match = HEADER.exec(String(header).trim());
  if (match) return { accepts: match[1] ?? null };
  throw new Problem(
    'request-malformed',
    'Postern-Guard must be `lockout`, or `lockout; accept="<digest>"` with the digest from the answer `lockout-risk`.',
  );
}
