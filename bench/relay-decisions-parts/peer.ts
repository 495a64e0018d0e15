import Fastify from 'fastify';
import ipaddr from 'ipaddr.js';
import pg from 'pg';

/**
 * The program that a user would write instead, as a process of its own: Fastify, a pool of 16 connections, one SELECT of the policy by
 * username for each login, and one durable INSERT for each that is denied. No key, no history. `node peer.js <URL of the database>`;
 * sends its port to its parent.
 */
const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
await pool.query(`
  CREATE SCHEMA peer;
  CREATE TABLE peer.policies AS
    SELECT username_key AS username, smtp_user_id, mode, restricted, entries FROM projection.relay_policies WHERE NOT removed;
  ALTER TABLE peer.policies ADD PRIMARY KEY (username);
  CREATE TABLE peer.denials (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), smtp_user_id uuid NOT NULL, ip text NOT NULL, mode text NOT NULL,
    denied_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX denials_of_user ON peer.denials (smtp_user_id, denied_at);
  ANALYZE peer.policies`);

interface Policy {
  readonly smtp_user_id: string;
  readonly mode: 'enforce' | 'report-only';
  readonly restricted: boolean;
  readonly entries: readonly { readonly range: string; readonly expiresAt: string | null }[];
}

const SELECT = 'SELECT smtp_user_id, mode, restricted, entries FROM peer.policies WHERE username = $1';
const INSERT = 'INSERT INTO peer.denials (smtp_user_id, ip, mode) VALUES ($1, $2, $3)';

interface Login {
  readonly username: string;
  readonly ip: string;
}

async function decide({ username, ip }: Login) {
  const { rows } = await pool.query<Policy>({ name: 'policy', text: SELECT, values: [username.toLowerCase()] });
  const [policy] = rows;
  if (!policy) return { decision: 'defer', reason: 'smtp-user-unknown' };
  if (!policy.restricted) return { decision: 'allow', reason: 'unrestricted' };
  const address = ipaddr.process(ip);
  const now = new Date().toISOString();
  const matched = policy.entries.find(({ range, expiresAt }) => {
    const [network, bits] = range.includes('/')
      ? ipaddr.parseCIDR(range)
      : ipaddr.parseCIDR(`${range}/${range.includes(':') ? 128 : 32}`);
    return (expiresAt === null || expiresAt > now) && network.kind() === address.kind() && address.match(network, bits);
  });
  if (matched) return { decision: 'allow', reason: 'entry-matched', matched };
  await pool.query({ name: 'denial', text: INSERT, values: [policy.smtp_user_id, ip, policy.mode] });
  return { decision: policy.mode === 'enforce' ? 'deny' : 'allow', reason: 'ip-not-authorized' };
}

const fastify = Fastify();
fastify.post<{ Body: Login }>('/v1/relay/decisions', ({ body }) => decide(body));
fastify.get('/metrics', () => {
  const { user, system } = process.cpuUsage();
  return `process_cpu_seconds_total ${(user + system) / 1e6}\n`;
});
await fastify.listen({ port: 0, host: '127.0.0.1' });
process.send?.((fastify.server.address() as { port: number }).port);
process.once('disconnect', () => process.exit(0));
