import type { Client } from 'pg';

/** Puts denials of one SMTP user straight into the audit trail's table, over 90 days up to now; by row number, so always the same. */
export async function fillDenials(
  owner: Client,
  { tenantId, smtpUserId, rows }: { readonly tenantId: string; readonly smtpUserId: string; readonly rows: number },
): Promise<void> {
  await owner.query(
    `INSERT INTO audit.denials (id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip,
                                address, relay, reason, mode)
     SELECT md5(i::text)::uuid, date_trunc('day', now()) - i * interval '7.776 s', now(), 1000000 + i, $1, 1 + i % 7, true, $2,
            'app@bench.example', ip, ip::inet, 'mx' || i % 5, 'ip-not-authorized', 'enforce'
       FROM generate_series(1, $3::integer) i, LATERAL (SELECT '203.0.' || i % 256 || '.' || i / 256 % 256 AS ip) a`,
    [smtpUserId, tenantId, rows],
  );
  await owner.query('ANALYZE audit.denials');
}

/** Reads the same rows in the same order by one query that PostgreSQL streams; gives their number. */
export async function rowsByCursor(owner: Client, smtpUserId: string): Promise<number> {
  await owner.query('BEGIN');
  await owner.query(
    `DECLARE rows NO SCROLL CURSOR FOR
      SELECT id, occurred_at, recorded_at, tenant_id, smtp_user_id, username, ip, relay, reason, mode, refused, count
        FROM audit.denials WHERE smtp_user_id = '${smtpUserId}' ORDER BY occurred_at DESC, id DESC`,
  );
  let all = 0;
  for (;;) {
    const { rows } = await owner.query('FETCH 1000 FROM rows');
    all += rows.length;
    if (rows.length === 0) break;
  }
  await owner.query('COMMIT');
  return all;
}
