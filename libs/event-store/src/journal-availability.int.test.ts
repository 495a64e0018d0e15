import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { Journal, JournalBusy, JournalUnavailable, wakeOnAppend } from './index.js';
import { roleUrl } from '@postern/database';
import { until, openClient } from '@postern/testing';
import { appendOf, journalFixture, type JournalFixture } from './testing/journal-fixture.js';

let fixture: JournalFixture;
let owner: Client;
beforeAll(async () => {
  fixture = await journalFixture();
  owner = await openClient(fixture.url);
});
afterAll(async () => {
  await owner?.end();
  await fixture?.close();
});

const endAll = (application: string) =>
  owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`,
    [application],
  );
/** Keeps a stream's lock, so that a batch is certainly on its way. */
const hold = (streamId: string) => owner.query(`SELECT pg_advisory_lock(hashtextextended($1, 8025))`, [streamId]);
const letGo = (streamId: string) => owner.query(`SELECT pg_advisory_unlock(hashtextextended($1, 8025))`, [streamId]);
const waitingForLock = () =>
  until(async () => {
    const { rowCount } = await owner.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rowCount;
  });

describe('a journal', () => {
  it('reports an outcome that it does not know as unavailable, also to those who wait, and recovers', async () => {
    const journal = new Journal(await fixture.as('postern_journal_writer'));
    await hold('smtp-user/held');
    const sent = journal.append(appendOf('smtp-user/held', 0)).catch((error: unknown) => error);
    await waitingForLock();
    const queued = journal.append(appendOf('smtp-user/queued', 0)).catch((error: unknown) => error);
    await endAll('postern_journal_writer');
    expect(await sent).toBeInstanceOf(JournalUnavailable);
    expect(await queued).toBeInstanceOf(JournalUnavailable);
    await letGo('smtp-user/held');
    const again = () => journal.append(appendOf('smtp-user/held', 0));
    // The pool may hand out the dying connection once more before it sees its end.
    expect(await again().catch(again)).toMatchObject({ version: 1 });
    await journal.stop();
  });

  it('accepts no more than its memory limit, and finishes what it accepted when it stops', async () => {
    const journal = new Journal(await fixture.as('postern_journal_writer'), { waitingItems: 2 });
    await hold('smtp-user/slow');
    const sent = journal.append(appendOf('smtp-user/slow', 0));
    await waitingForLock();
    const waiting = [1, 2].map((n) => journal.append(appendOf(`smtp-user/waiting-${n}`, 0)));
    await expect(journal.append(appendOf('smtp-user/one-too-many', 0))).rejects.toThrow(JournalBusy);
    const stopped = journal.stop();
    await expect(journal.append(appendOf('smtp-user/too-late', 0))).rejects.toThrow(JournalUnavailable);
    await letGo('smtp-user/slow');
    await stopped;
    expect(await Promise.all([sent, ...waiting])).toMatchObject([{ version: 1 }, { version: 1 }, { version: 1 }]);
  });
});

describe('wakeOnAppend', () => {
  it('wakes after an append, and again after its connection was ended', async () => {
    const journal = new Journal(await fixture.as('postern_journal_writer'));
    let wakes = 0;
    let woken: () => void = () => undefined;
    const next = () => new Promise<void>((done) => (woken = done));
    const wake = wakeOnAppend(roleUrl(fixture.url, 'postern_feed'), () => {
      wakes += 1;
      woken();
    });
    await wake.listening;
    const first = next();
    await journal.append(appendOf('smtp-user/w', 0));
    await first;
    const reconnected = next();
    await endAll('postern-listen-journal');
    await reconnected;
    const second = next();
    await journal.append(appendOf('smtp-user/w', 1));
    await second;
    expect(wakes).toBeGreaterThanOrEqual(4);
    await wake.stop();
    await journal.stop();
  });
});
