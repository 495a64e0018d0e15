import { describe, expect, it } from '@jest/globals';
import { endsWithin, withinDeadline } from './deadline.js';

const never = new Promise<never>(() => undefined);
const late = () => new Error('late');

describe('a deadline', () => {
  it('gives the result of work that ends in time', async () => {
    await expect(withinDeadline(Promise.resolve('done'), 60_000, late)).resolves.toBe('done');
  });

  it('throws what the work throws', async () => {
    await expect(withinDeadline(Promise.reject(new Error('broken')), 60_000, late)).rejects.toThrow('broken');
  });

  it('throws the given error when the time is over', async () => {
    await expect(withinDeadline(never, 1, late)).rejects.toThrow('late');
  });

  it('ignores a failure that comes after it', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => (fail = reject));
    await expect(withinDeadline(work, 1, late)).rejects.toThrow('late');
    fail(new Error('nobody must see this as an unhandled rejection'));
    await new Promise((done) => setImmediate(done));
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
