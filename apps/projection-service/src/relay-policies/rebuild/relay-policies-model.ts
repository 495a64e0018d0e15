import { openDataSource } from '@postern/database';
import { VERIFY_PATIENCE_MS, type ModelDatabases, type Rebuildable } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import { comparePolicies } from './compare-policies.js';
import { rebuildPolicies } from './rebuild-policies.js';
import { Replay } from './replay.js';

/** The relay policies, for verifying and rebuilding: made in memory, so that what is equal keeps the revision that relays know. */
export const relayPoliciesModel: Rebuildable = {
  name: 'relay-policies',
  verify: (databases, examples, tell) =>
    connected(databases, async (feed, projection) => {
      const replay = new Replay(feed, tell);
      return (await comparePolicies(replay, projection, examples, VERIFY_PATIENCE_MS)).comparison;
    }),
  rebuild: (databases, { examples }, tell) =>
    connected(databases, async (feed, projection) => {
      const { found, replaced, told } = await rebuildPolicies(feed, projection, {
        examples,
        tell,
      });
      tell(`relay-policies: ${replaced} rows replaced, relays are sent ${told} changes`);
      return found;
    }),
};

async function connected<T>(
  { url }: ModelDatabases,
  work: (feed: DataSource, projection: DataSource) => Promise<T>,
): Promise<T> {
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 1 });
  try {
    const projection = await openDataSource(url, 'postern_projection', { poolSize: 2 });
    try {
      return await work(feed, projection);
    } finally {
      await projection.destroy();
    }
  } finally {
    await feed.destroy();
  }
}
