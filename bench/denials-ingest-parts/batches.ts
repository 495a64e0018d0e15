import type { DenialReport } from '@postern/contracts';
import { Seeded } from '../parts/seeded.js';
import type { BenchTenant } from '../parts/tenants.js';

export const BATCH = 500;
const ADDRESSES_PER_USER = 20;
const RELAYS = 10;
const SEED = 8025;

export interface Batches {
  /** Bodies of `POST /v1/relay/auth-denials`, as they go over the wire. */
  readonly bodies: readonly Buffer[];
  readonly ids: readonly string[];
  /** Denials by tenant. */
  readonly ofTenant: ReadonlyMap<string, number>;
}

/** So many denials, users and addresses by seed: each batch has nearly as many users as denials, the dearest case. */
export function makeBatches(tenants: readonly BenchTenant[], count: number, now: number): Batches {
  const random = new Seeded(SEED);
  const ofTenant = new Map<string, number>();
  const ids: string[] = [];
  const bodies: Buffer[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const denials = Array.from({ length: Math.min(BATCH, count - from) }, () => {
      // Now, because the tenants own their usernames by now.
      const report = makeDenial(random, tenants, now);
      ids.push(report.denial.id);
      ofTenant.set(report.tenant, (ofTenant.get(report.tenant) ?? 0) + 1);
      return report.denial;
    });
    bodies.push(Buffer.from(JSON.stringify({ denials })));
  }
  return { bodies, ids, ofTenant };
}

function makeDenial(
  random: Seeded,
  tenants: readonly BenchTenant[],
  at: number,
): { tenant: string; denial: DenialReport } {
  const tenant = tenants[random.below(tenants.length)] as BenchTenant;
  const user = random.below(tenant.usernames.length);
  const denial: DenialReport = {
    id: random.uuid(at),
    username: tenant.usernames[user] as string,
    ip: `198.${18 + (user & 1)}.${user}.${random.below(ADDRESSES_PER_USER)}`,
    occurredAt: new Date(at).toISOString(),
    relay: `mx${random.below(RELAYS)}`,
    reason: 'ip-not-authorized',
    mode: 'enforce',
    count: 1,
  };
  return { tenant: tenant.id, denial };
}
