import { describe, expect, it } from '@jest/globals';
import { Readiness } from './health.js';

describe('readiness', () => {
  it('is asked once for all who ask at once, so that no crowd of probes becomes a crowd of queries', async () => {
    const readiness = new Readiness();
    let calls = 0;
    readiness.add('journal', async () => {
      calls += 1;
      await new Promise((done) => setImmediate(done));
      return 'is away';
    });
    readiness.add('bus', () => null);
    const answers = await Promise.all([readiness.missing(), readiness.missing(), readiness.missing()]);
    expect(answers).toEqual([{ journal: 'is away' }, { journal: 'is away' }, { journal: 'is away' }]);
    expect(calls).toBe(1);
    await readiness.missing();
    expect(calls).toBe(2);
  });

  it('names a check that throws, and continues', async () => {
    const readiness = new Readiness();
    readiness.add('journal', () => Promise.reject(new Error('refused')));
    expect(await readiness.missing()).toEqual({ journal: 'refused' });
  });
});
