import type { RelayPolicy } from '@postern/contracts';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE } from '@postern/database';
import pg from 'pg';
import { POLICY_LINES } from '../policy-lines.js';
import { POLICIES_COMPLETE } from '../policies-complete.js';

/** One process at a time writes the policies' topic. */
export const POLICY_PUBLISHER_LOCK = 8_025_031;
const QUERY_TIMEOUT_MS = 5_000;
/** The server ends a session of which it hears nothing for so long: a process that is frozen loses its lock, too. */
const IDLE_SESSION_MS = 3_000;
/** While a broker is waited for, the database hears of the session by this alone. */
const SIGN_OF_LIFE_MS = 1_000;

/**
 * One connection that holds the publisher's lock, reads the policies and keeps how far they were written: where it breaks, all
 * three end at once. `onEnd`: the connection has broken.
 */
export class PublishingSession {
  readonly #signs: NodeJS.Timeout;

  private constructor(private readonly client: pg.Client) {
    // Where that fails, so does what is asked of it next.
    this.#signs = setInterval(() => void client.query('SELECT 1').catch(() => undefined), SIGN_OF_LIFE_MS);
  }

  /** `url` is that of `postern_projection`. Null: another process publishes. Throws where the database is away. */
  static async take(url: string, onEnd: () => void): Promise<PublishingSession | null> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      ...KEEP_ALIVE,
      application_name: 'postern_policy_publisher',
    });
    // Also thrown by the query that is under way; without a listener it would end the process.
    client.on('error', () => undefined);
    const session = new PublishingSession(client);
    try {
      await client.connect();
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
        POLICY_PUBLISHER_LOCK,
      ]);
      if (rows[0]?.taken === true) {
        client.on('end', onEnd);
        await client.query(`SET idle_session_timeout = ${IDLE_SESSION_MS}`);
        return session;
      }
    } catch (error) {
      await session.end();
      throw error;
    }
    await session.end();
    return null;
  }

  /** The revision up to which all was written. */
  async published(): Promise<number> {
    const { rows } = await this.client.query<{ revision: string }>(
      'SELECT revision FROM projection.relay_policy_publication',
    );
    return Number(rows[0]?.revision ?? 0);
  }

  /**
   * The next policies behind the revision, in its order, which is that of the commits. None while the policies are being made from the
   * journal: a user who is not restricted yet would be told as one who may come from anywhere.
   */
  async pageBehind(revision: number, limit: number): Promise<RelayPolicy[]> {
    const { rows } = await this.client.query<{ line: string }>(
      `SELECT row_to_json(line)::text AS line
         FROM (${POLICY_LINES} WHERE revision > $1 AND ${POLICIES_COMPLETE} ORDER BY revision LIMIT $2) line`,
      [revision, limit],
    );
    return rows.map(({ line }) => JSON.parse(line) as RelayPolicy);
  }

  /** Compare-and-set: where somebody has asked for all again meanwhile, that stands. */
  async advance(from: number, to: number): Promise<void> {
    await this.client.query(
      'UPDATE projection.relay_policy_publication SET revision = $2, updated_at = clock_timestamp() WHERE revision = $1',
      [from, to],
    );
  }

  /** Has all of them written again. */
  async restart(): Promise<void> {
    await this.client.query(
      'UPDATE projection.relay_policy_publication SET revision = 0, updated_at = clock_timestamp()',
    );
  }

  async end(): Promise<void> {
    clearInterval(this.#signs);
    this.client.removeAllListeners('end');
    await this.client.end().catch(() => undefined);
  }
}
