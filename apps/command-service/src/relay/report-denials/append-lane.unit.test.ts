import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import type { Append, Appended } from '@postern/event-store';
import { AppendLane } from './append-lane.js';

const appendTo = (streamId: string): Append => ({
  tenantId: 'acme' as TenantId,
  streamId,
  expectedVersion: 'any',
  events: [],
  metadata: {} as Append['metadata'],
});

describe('the lane of denials', () => {
  it('keeps so many appends waiting for a commit and no more, in order, and goes on after one that failed', async () => {
    const started: string[] = [];
    const pending: { settle: (failure?: Error) => void }[] = [];
    let most = 0;
    const journal = {
      append: (append: Append) =>
        new Promise<Appended>((resolve, reject) => {
          started.push(append.streamId);
          pending.push({
            settle: (failure) =>
              failure ? reject(failure) : resolve({ version: 1, recordedAt: '', duplicates: [append.streamId] }),
          });
          most = Math.max(most, pending.length);
        }),
    };
    const lane = new AppendLane(journal, 3);
    const names = Array.from({ length: 2_500 }, (_, i) => `s${i}`);
    const results = Promise.allSettled(names.map((name) => lane.append(appendTo(name))));
    for (let settled = 0; settled < names.length; settled++) {
      while (pending.length === 0) await new Promise((done) => setImmediate(done));
      pending.shift()?.settle(settled === 1 ? new Error('lost') : undefined);
    }
    const outcomes = await results;
    expect(most).toBe(3);
    expect(started).toEqual(names);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });
});
