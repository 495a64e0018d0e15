import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestToHex, EMPTY_DIGEST, policyDigest, xorDigest, type RelayPolicy } from '@postern/contracts';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Population } from '../decision-parts/population.js';
import { Seeded } from '../parts/seeded.js';

const FIRST = Date.UTC(2026, 0, 1);

/**
 * Fills `relay_policies` with users of three ranges each, as their consumer would have, but not the journal behind them. The same rows
 * every time.
 */
export async function seedPolicies(ownerUrl: string, users: number): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    let digest = EMPTY_DIGEST;
    const population = new Population(users);
    const random = new Seeded(11);
    const rows = (function* () {
      for (let user = 0; user < users; user++) {
        const policy = policyOf(population, random, user);
        const its = policyDigest(policy);
        digest = xorDigest(digest, its);
        yield rowOf(policy, digestToHex(its));
      }
    })();
    const copy = owner.query(copyFrom(`COPY projection.relay_policies (${COLUMNS}) FROM STDIN`));
    await pipeline(Readable.from(rows, { objectMode: true }), copy);
    if (!copy.writableFinished) await once(copy, 'finish');
    await owner.query(
      'UPDATE projection.relay_policy_totals SET revision = $1::integer, policies = $1, digest = decode($2, $3)',
      [users, digestToHex(digest), 'hex'],
    );
    await owner.query('VACUUM ANALYZE projection.relay_policies');
  } finally {
    await owner.end();
  }
}

const COLUMNS =
  'smtp_user_id, username_key, tenant_id, username, mode, restricted, entries, version, event_id, claimed_at, removed, digest, revision';

/** The policy of one user. */
export function policyOf(population: Population, random: Seeded, user: number): RelayPolicy {
  const username = population.username(user);
  return {
    username,
    tenantId: 'bench',
    smtpUserId: random.uuid(FIRST + user),
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: population.ranges(user).map((range) => ({ range, expiresAt: null })),
    version: 1,
    revision: user + 1,
    removed: false,
  } as unknown as RelayPolicy;
}

/** A line of COPY's text format; nothing in it has to be escaped but the digest's backslash. */
function rowOf(policy: RelayPolicy, digest: string): string {
  const { username, tenantId, smtpUserId, mode, entries, revision } = policy;
  const values = [smtpUserId, username, tenantId, username, mode, 't', JSON.stringify(entries)];
  return `${[...values, 1, smtpUserId, revision, 'f', `\\\\x${digest}`, revision].join('\t')}\n`;
}
