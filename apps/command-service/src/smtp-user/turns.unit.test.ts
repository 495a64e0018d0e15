import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

describe('turns', () => {
  it('run one after the other on one subject, also after one that failed, and are forgotten when done', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const work = (name: string, fails = false) =>
      turns.take('a', async () => {
        log.push(`${name} begins`);
        await new Promise((done) => setImmediate(done));
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([work('1'), work('2', true), work('3')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    expect(turns.size).toBe(0);
  });

  it('are refused beyond so many that wait, and there is room again once they are done', async () => {
    const turns = new Turns(2);
    let letGo: () => void = () => undefined;
    const held = turns.take('a', () => new Promise<void>((done) => (letGo = done)));
    const waiting = turns.take('a', async () => 'waited');
    await expect(turns.take('a', async () => 'too many')).rejects.toMatchObject({ code: 'not-ready', status: 503 });
    await expect(turns.take('b', async () => 'another')).resolves.toBe('another');
    letGo();
    await held;
    await expect(waiting).resolves.toBe('waited');
    await expect(turns.take('a', async () => 'again')).resolves.toBe('again');
    expect(turns.size).toBe(0);
  });

  it('run side by side on different subjects', async () => {
    const turns = new Turns();
    let letGo: () => void = () => undefined;
    const held = turns.take('a', () => new Promise<void>((done) => (letGo = done)));
    await expect(turns.take('b', async () => 'done')).resolves.toBe('done');
    letGo();
    await held;
  });
});
