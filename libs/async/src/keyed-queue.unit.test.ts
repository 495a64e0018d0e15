import { describe, expect, it } from '@jest/globals';
import { KeyedQueue, QueueFull } from './keyed-queue.js';

describe('a keyed queue', () => {
  it('runs the works of a key one after the other, also after one that failed, and forgets the key at the end', async () => {
    const queue = new KeyedQueue(10);
    const log: string[] = [];
    const work = (name: string, fails = false) =>
      queue.run('a', async () => {
        log.push(`${name} begins`);
        await new Promise((done) => setImmediate(done));
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([work('1'), work('2', true), work('3')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    expect(queue.size).toBe(0);
  });

  it('refuses work when the key’s queue is full, and accepts it again when the earlier work has ended', async () => {
    const queue = new KeyedQueue(2);
    let end: () => void = () => undefined;
    const held = queue.run('a', () => new Promise<void>((done) => (end = done)));
    const waiting = queue.run('a', async () => 'waited');
    await expect(queue.run('a', async () => 'too many')).rejects.toThrow(QueueFull);
    await expect(queue.run('b', async () => 'another key')).resolves.toBe('another key');
    end();
    await held;
    await expect(waiting).resolves.toBe('waited');
    await expect(queue.run('a', async () => 'again')).resolves.toBe('again');
    expect(queue.size).toBe(0);
  });
});
