import Fastify from 'fastify';
import pg from 'pg';

/**
 * The program that a user would write instead, as a process of its own: Fastify, a pool of 16 connections, one durable INSERT a request.
 * No key, no versions, no history, no read model. `node peer.js <URL of the database>`; sends its port to its parent.
 */
const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
await pool.query(`
  CREATE SCHEMA IF NOT EXISTS peer;
  CREATE TABLE IF NOT EXISTS peer.entries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id text NOT NULL, smtp_user_id uuid NOT NULL, range text NOT NULL,
    note text, added_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX IF NOT EXISTS entries_of_user ON peer.entries (smtp_user_id)`);

interface Entries {
  readonly Params: { readonly tenantId: string; readonly smtpUserId: string };
  readonly Body: { readonly entries: readonly { readonly range: string; readonly note?: string }[] };
}

const fastify = Fastify();
fastify.post<Entries>('/v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/entries', async (request, reply) => {
  const { tenantId, smtpUserId } = request.params;
  const [entry] = request.body.entries;
  const { rows } = await pool.query(
    `INSERT INTO peer.entries (tenant_id, smtp_user_id, range, note) VALUES ($1, $2, $3, $4)
     RETURNING id, range, note, added_at AS "addedAt"`,
    [tenantId, smtpUserId, entry?.range, entry?.note],
  );
  return reply.code(201).send(rows[0]);
});
await fastify.listen({ port: 0, host: '127.0.0.1' });
process.send?.((fastify.server.address() as { port: number }).port);
process.once('disconnect', () => process.exit(0));
