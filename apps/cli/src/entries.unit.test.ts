import { describe, expect, it } from '@jest/globals';
import { entriesGiven, entriesIn } from './entries.js';

describe('the entries of a command line', () => {
  it('share a note and an expiry', async () => {
    const given = { ranges: ['203.0.113.7', '2001:db8::/64'], note: 'office', expires: '2030-01-31T00:00:00.000Z' };
    const rest = { note: 'office', expiresAt: '2030-01-31T00:00:00.000Z' };
    expect(await entriesGiven(given)).toEqual([
      { range: '203.0.113.7', ...rest },
      { range: '2001:db8::/64', ...rest },
    ]);
  });

  it('must be one at least', async () => {
    await expect(entriesGiven({ ranges: [] })).rejects.toThrow(
      'Name at least one address or range, or a file with --from.',
    );
  });

  it('cannot come from a file that is not there', async () => {
    await expect(entriesGiven({ ranges: [], from: '/nowhere/ranges.txt' })).rejects.toThrow(/^--from .*ENOENT/);
  });

  it('in a file stand one a line, each with a note of its own', () => {
    const text = '# our offices\r\n203.0.113.0/24  # Berlin #1\r\n\r\n  2001:db8::/64\nnot a range # still sent';
    expect(entriesIn(text)).toEqual([
      { range: '203.0.113.0/24', note: 'Berlin #1' },
      { range: '2001:db8::/64' },
      { range: 'not a range', note: 'still sent' },
    ]);
  });
});
