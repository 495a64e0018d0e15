import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { advanceCheckpoint, CheckpointMoved, FEED_START, loadCheckpoint, type FeedPosition } from './index.js';
import { journalFixture, type JournalFixture } from './testing/journal-fixture.js';

const TABLE = 'reader.checkpoints';
let fixture: JournalFixture;
let projection: DataSource;
beforeAll(async () => {
  fixture = await journalFixture();
  projection = await fixture.as('postern_projection');
});
afterAll(() => fixture?.close());

const handle = (consumer: string, from: FeedPosition, to: FeedPosition) =>
  projection.transaction(async (m) => {
    await m.query('INSERT INTO reader.seen (stream_id) VALUES ($1)', [consumer]);
    await advanceCheckpoint(m, TABLE, { consumer, source: 'journal', from, to });
  });
const effects = async (consumer: string) =>
  (await projection.query<unknown[]>('SELECT 1 FROM reader.seen WHERE stream_id = $1', [consumer])).length;

describe('a checkpoint', () => {
  const there = { xid: '18446744073709551615', position: 41 };
  const beyond = { xid: '18446744073709551615', position: 42 };

  it('lets a batch that is applied twice count once', async () => {
    expect(await loadCheckpoint(projection, TABLE, 'twice', 'journal')).toEqual(FEED_START);
    await handle('twice', FEED_START, there);
    await expect(handle('twice', FEED_START, there)).rejects.toThrow(CheckpointMoved);
    await handle('twice', there, beyond);
    await expect(handle('twice', there, beyond)).rejects.toThrow(CheckpointMoved);
    expect(await loadCheckpoint(projection, TABLE, 'twice', 'journal')).toEqual(beyond);
    expect(await effects('twice')).toBe(2);
  });

  it('is moved by one of several that handle the same batch at the same time', async () => {
    for (const from of [FEED_START, there]) {
      const to = from === FEED_START ? there : beyond;
      const results = await Promise.allSettled([1, 2, 3, 4].map(() => handle('race', from, to)));
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    }
    expect(await effects('race')).toBe(2);
  });
});
