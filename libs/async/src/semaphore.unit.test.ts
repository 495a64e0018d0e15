import { describe, expect, it } from '@jest/globals';
import { Semaphore } from './semaphore.js';

/** Works that end when the test ends them. */
function works(semaphore: Semaphore) {
  const started: number[] = [];
  const endings: (() => void)[] = [];
  const start = (id: number) =>
    semaphore.run(async () => {
      started.push(id);
      await new Promise<void>((end) => endings.push(end));
      return id;
    });
  return { started, endings, start };
}

const settled = () => new Promise((done) => setImmediate(done));

describe('a semaphore', () => {
  it('runs a limited number at once, and the others in order of arrival', async () => {
    const { started, endings, start } = works(new Semaphore(3));
    const ids = Array.from({ length: 2_500 }, (_, i) => i);
    const all = Promise.all(ids.map(start));
    await settled();
    expect(started).toEqual([0, 1, 2]);
    for (const id of ids) {
      while (endings.length <= id) await settled();
      expect(started.length - id).toBeLessThanOrEqual(3);
      endings[id]?.();
    }
    expect(await all).toEqual(ids);
    expect(started).toEqual(ids);
  });

  it('continues after failed work', async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(semaphore.run(async () => 'next')).resolves.toBe('next');
  });

  it('refuses one that comes while as many wait as may', async () => {
    const semaphore = new Semaphore(1, 1);
    const release = await semaphore.acquire();
    const waits = semaphore.acquire();
    expect(await semaphore.acquire()).toBeNull();
    await expect(
      semaphore.run(
        async () => 'never',
        () => new RangeError('full'),
      ),
    ).rejects.toThrow(RangeError);
    release?.();
    expect(await waits).toBeInstanceOf(Function);
    expect(semaphore.waiting).toBe(0);
  });

  it('counts a permit that is returned twice once', async () => {
    const semaphore = new Semaphore(1, 0);
    const release = await semaphore.acquire();
    release?.();
    release?.();
    expect(await semaphore.acquire()).toBeInstanceOf(Function);
    expect(await semaphore.acquire()).toBeNull();
  });
});
