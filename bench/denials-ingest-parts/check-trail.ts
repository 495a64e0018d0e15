import { createHash } from 'node:crypto';
import { asking } from '@postern/testing';
import type { Client } from 'pg';
import type { Batches } from './batches.js';
import type { BenchTenant } from '../parts/tenants.js';

/** Throws unless the trail has exactly what was sent: each id once, the right totals by address, and for one tenant the complete list over HTTP. */
export async function checkTrail(
  client: Client,
  url: string,
  tenants: readonly BenchTenant[],
  sent: Batches,
): Promise<void> {
  const digest = createHash('md5').update(sent.ids.toSorted().join('')).digest('hex');
  const { rows } = await client.query<{
    rows: string;
    distinct: string;
    logins: string;
    totals: string;
    digest: string;
  }>(`
    SELECT count(*) AS rows, count(DISTINCT id) AS distinct, sum(count) AS logins,
           (SELECT sum(count) FROM audit.denied_ips) AS totals, md5(string_agg(id::text, '' ORDER BY id)) AS digest
      FROM audit.denials`);
  const count = String(sent.ids.length);
  const wanted = { rows: count, distinct: count, logins: count, totals: count, digest };
  if (JSON.stringify(rows[0]) !== JSON.stringify(wanted))
    throw new Error(`Lost or doubled: the trail has ${JSON.stringify(rows[0])}, sent was ${JSON.stringify(wanted)}`);

  const tenant = tenants[0] as BenchTenant;
  const listed = await listedOverHttp(url, tenant);
  const expected = sent.ofTenant.get(tenant.id) ?? 0;
  if (listed !== expected) throw new Error(`${tenant.id} lists ${listed} denials; ${expected} were sent.`);
}

/** Different ids in all pages of the tenant's list. */
async function listedOverHttp(url: string, tenant: BenchTenant): Promise<number> {
  const admin = asking(url, tenant.adminKey);
  const ids = new Set<string>();
  let items = 0;
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `/v1/tenants/${tenant.id}/denials?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await admin('GET', path);
    for (const { id } of body.items as { id: string }[]) ids.add(id);
    items += body.items.length;
    cursor = body.nextCursor;
  }
  if (items !== ids.size) throw new Error(`${tenant.id} lists ${items - ids.size} denials twice.`);
  return items;
}
