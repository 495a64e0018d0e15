/** The owner's connection URL can't be used as it is; the message says what to change. */
class DatabaseUrlInvalid extends Error {
  override readonly name = 'DatabaseUrlInvalid';
  readonly permanent = true;
}

/**
 * Reads the owner's connection URL, `postgresql://user:password@host:port/database`.
 * Throws `DatabaseUrlInvalid`, without repeating the URL: it holds a password.
 */
export function ownerUrlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new DatabaseUrlInvalid(
      'POSTERN_DATABASE_URL is not a PostgreSQL URL. Write it as postgresql://user:password@host:5432/database.',
    );
  if (url.username === '' || url.password === '')
    throw new DatabaseUrlInvalid(
      'POSTERN_DATABASE_URL has no user and password. Both must be in the URL: the passwords of the roles that Postern makes are derived from the owner’s.',
    );
  return url;
}

/** `host:port/database`, fit for a message or a log; the host may be the folder of a Unix socket. */
export function placeOf(url: URL): string {
  return `${decodeURIComponent(url.hostname)}:${url.port || '5432'}${url.pathname}`;
}
