import { Problem } from '@postern/http';

/** What the header `Postern-Guard` asks for: to refuse no address that logged in lately, but those of the digest `accepts`. */
export interface WantedGuard {
  readonly accepts: string | null;
}

const HEADER = /^lockout(?:[ \t]*;[ \t]*accept="([^"]*)")?$/;

/** Reads the header `Postern-Guard`; null: none. Throws 400 for anything else: a typing error must not leave a change unguarded. */
export function readGuard(header: string | string[] | undefined): WantedGuard | null {
  if (header === undefined) return null;
  const match = HEADER.exec(String(header).trim());
  if (match) return { accepts: match[1] ?? null };
  throw new Problem(
    'request-malformed',
    'Postern-Guard is `lockout`, or `lockout; accept="<digest>"` with the digest of the answer `lockout-risk`.',
  );
}
