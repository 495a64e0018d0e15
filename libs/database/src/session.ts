import { Client } from 'pg';

/** How long to wait for a connection before saying that the database is not there. */
export const CONNECT_TIMEOUT_MS = 3_000;

/** An idle connection whose other end is gone is noticed within about 15 s: one probe a second, ten of them (Node's own numbers). */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const;

/** Postern cannot use this database, or this login, as it is; the message says who can change that, and how. */
export class DatabaseNotUsable extends Error {
  override readonly name = 'DatabaseNotUsable';
  readonly permanent: boolean = true;
}

/** No connection to the database could be made; the message says where to and what to look at. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
  readonly permanent = false;
  constructor(url: URL, cause: unknown) {
    const reason = cause instanceof Error ? cause.message || String((cause as { code?: string }).code) : String(cause);
    // The host may be the folder of a Unix socket.
    const at = `${decodeURIComponent(url.hostname)}:${url.port || '5432'}${url.pathname}`;
    super(
      `Cannot connect to PostgreSQL at ${at} as ${url.username}: ${reason}. Is it running, and is POSTERN_DATABASE_URL right?`,
      { cause },
    );
  }
}

/**
 * Reads the owner's connection URL, `postgresql://user:password@host:port/database`.
 * Throws `DatabaseNotUsable`, without repeating the URL: it holds a password.
 */
export function ownerUrlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new DatabaseNotUsable(
      'POSTERN_DATABASE_URL is not a PostgreSQL URL. Write it as postgresql://user:password@host:5432/database.',
    );
  if (url.username === '' || url.password === '')
    throw new DatabaseNotUsable(
      'POSTERN_DATABASE_URL has no user and password. Both must be in the URL: the passwords of the roles that Postern makes are derived from the owner’s.',
    );
  return url;
}

/** Runs `work` on one connection of its own, without a statement time-out. Throws `DatabaseUnreachable`. */
export async function withSession<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...KEEP_ALIVE,
    application_name: 'postern-setup',
  });
  // The pending query gets the error too; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new DatabaseUnreachable(ownerUrlOf(url), error);
  });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
