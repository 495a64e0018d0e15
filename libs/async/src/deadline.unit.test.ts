import { describe, expect, it } from '@jest/globals';
import { Deadline, endsWithin } from './deadline.js';

const never = new Promise<never>(() => undefined);
const late = () => new Error('late');

describe('a deadline', () => {
  it('returns the result of work that ends in time', async () => {
    await expect(Deadline.within(60_000, () => Promise.resolve('done'), late)).resolves.toBe('done');
  });

  it('throws what the work throws', async () => {
    await expect(Deadline.within(60_000, () => Promise.reject(new Error('broken')), late)).rejects.toThrow('broken');
  });

  it('throws the given error when the time is over', async () => {
    await expect(Deadline.within(1, () => never, late)).rejects.toThrow('late');
  });

  it('ignores a failure that comes after it', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => (fail = reject));
    await expect(Deadline.within(1, () => work, late)).rejects.toThrow('late');
    fail(new Error('nobody must see this as an unhandled rejection'));
    await new Promise((done) => setImmediate(done));
  });
});

describe('what runs within a deadline', () => {
  it('knows how much time is left, and has none outside of it', async () => {
    expect(Deadline.current).toBeNull();
    const left = await Deadline.within(60_000, async () => Deadline.current?.leftMs ?? 0, late);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('is called at the deadline, and not if it has asked not to be', async () => {
    const called: string[] = [];
    const work = async () => {
      Deadline.current?.onPassed(() => called.push('one'));
      Deadline.current?.onPassed(() => called.push('two'))();
      return never;
    };
    await expect(Deadline.within(1, work, late)).rejects.toThrow('late');
    expect(called).toEqual(['one']);
  });

  it('continues if the deadline no longer applies', async () => {
    let end: (value: string) => void = () => undefined;
    const work = new Promise<string>((done) => (end = done));
    const answer = Deadline.within(
      1,
      () => work,
      late,
      () => {
        setImmediate(() => end('in its own time'));
        return false;
      },
    );
    await expect(answer).resolves.toBe('in its own time');
  });

  it('can be run by another deadline, or by none', async () => {
    const inside = await Deadline.within(60_000, async () => Deadline.run(null, () => Deadline.current), late);
    expect(inside).toBeNull();
  });
});

describe('a bounded wait', () => {
  it.each([
    ['succeeds', Promise.resolve('x'), true],
    ['fails', Promise.reject(new Error('x')), true],
  ])('sees that work which %s has ended', async (_, work, ended) => {
    await expect(endsWithin(work, 60_000)).resolves.toBe(ended);
  });

  it('gives up on work that does not end', async () => {
    await expect(endsWithin(never, 1)).resolves.toBe(false);
  });
});
