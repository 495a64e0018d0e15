import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { categoriesOf, TOPICS } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { FEED_START, readFeed } from '@postern/event-store';
import { relayPoliciesModel } from '@postern/projection-service';
import { rebuild } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import { journalData, USERS } from './parts/journal-data.js';
import { rounded } from './parts/quantile.js';

/** As the rebuild reads them. */
const EVENTS_PER_PAGE = 2_000;

/** The relay policies rebuilt from a million events; next to the mere reading of the same events. */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const { dataDir } = await journalData();
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') });
  const feed = await openDataSource(server.url('postern'), 'postern_feed', { poolSize: 2 });
  try {
    // The first reading warms PostgreSQL's cache, for both.
    await readAll(feed);
    const reading = await readAll(feed);
    const peak = watchMemory();
    const started = performance.now();
    const lines: string[] = [];
    const database = { url: server.url('postern') };
    const { events } = await rebuild(relayPoliciesModel, database, { resume: false }, (line) => lines.push(line));
    const seconds = (performance.now() - started) / 1_000;
    const peakMb = peak();
    const reader = await openDataSource(database.url, 'postern_relay_reader', { poolSize: 1 });
    const [{ policies } = { policies: 0 }] = await reader.query<{ policies: number }[]>(
      'SELECT policies FROM projection.relay_policy_totals',
    );
    await reader.destroy();
    if (policies !== USERS + 1 || !lines.some((line) => line.endsWith('relays are sent 0 changes')))
      throw new Error(
        `${policies} policies, and: ${lines.at(-1)}. The data set is not as it was made. Remove ${dataDir}.`,
      );
    const figures = {
      cores: availableParallelism(),
      events,
      users: policies,
      seconds: rounded(seconds),
      eventsPerSecond: rounded(events / seconds, 0),
      readPerSecond: rounded(reading, 0),
      peakMb,
    };
    console.log(`${events} events of ${policies} users replayed and switched in ${figures.seconds} s:`);
    console.log(
      `${figures.eventsPerSecond} events/s, ${peakMb} MB at most; reading them alone: ${figures.readPerSecond}/s`,
    );
    return { bench: 'replay', figures, ratios: { timesReading: rounded(figures.eventsPerSecond / reading) } };
  } finally {
    await feed.destroy();
    await server.stop();
  }
}

/** Events a second, one page after the other and nothing done with them. */
async function readAll(feed: DataSource): Promise<number> {
  const started = performance.now();
  let events = 0;
  for (let position = FEED_START, more = true; more;) {
    const page = await readFeed(feed, position, EVENTS_PER_PAGE, categoriesOf([TOPICS.smtpUsers]));
    events += page.events.length;
    ({ position, more } = page);
  }
  return events / ((performance.now() - started) / 1_000);
}

/** The resident memory of this process, in MB, at its most until the function is called. */
function watchMemory(): () => number {
  let peak = 0;
  const look = (): void => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    look();
    return Math.round(peak / 1e6);
  };
}
