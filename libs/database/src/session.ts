import { Client } from 'pg';

export const CONNECT_TIMEOUT_MS = 3_000;

/** A dead idle connection is noticed within about 15 s: ten probes, one per second (Node's defaults). */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const;

/** Postern cannot use this database or login; the message says who can change that, and how. */
export class DatabaseNotUsable extends Error {
  override readonly name = 'DatabaseNotUsable';
  readonly permanent: boolean = true;
}

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

/** `postgresql://user:password@host:port/database`. @throws `DatabaseNotUsable`, without the password. */
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

/** Runs `work` on one connection without a statement time-out. @throws `DatabaseUnreachable`. */
export async function withSession<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...KEEP_ALIVE,
    application_name: 'postern-setup',
  });
  // The pending query gets the error too. Without a listener it would end the process.
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
