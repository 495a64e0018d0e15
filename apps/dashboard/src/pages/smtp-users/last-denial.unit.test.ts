import { describe, expect, it } from '@jest/globals';
import { lastDenial } from './last-denial.js';

const none = { refused: 0, wouldHaveBeenRefused: 0 };
const summary = {
  smtpUserId: '019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10',
  lastDeniedAt: '2026-11-27T12:00:00.000Z',
  lastIp: '203.0.113.9',
  recent: { ...none, ip: null },
  today: none,
  complete: true,
};

describe('the denials of a user in short', () => {
  it('are those of the last five minutes, with the most frequent address', () => {
    const recent = { refused: 12, wouldHaveBeenRefused: 3, ip: '198.51.100.7' };
    expect(lastDenial({ ...summary, recent, today: recent })).toEqual({
      kind: 'refusing',
      ip: '198.51.100.7',
      text: '12 in 5 min',
    });
  });

  it('are a lower bound where not all were counted', () => {
    const recent = { refused: 1_000, wouldHaveBeenRefused: 0, ip: '198.51.100.7' };
    expect(lastDenial({ ...summary, recent, complete: false })).toMatchObject({ text: '1,000+ in 5 min' });
  });

  it('say what would have been refused today, where nothing was', () => {
    expect(lastDenial({ ...summary, today: { refused: 0, wouldHaveBeenRefused: 4 } })).toEqual({
      kind: 'would-refuse',
      text: 'would have refused 4 today',
    });
  });

  it('are otherwise the last one', () => {
    expect(lastDenial({ ...summary, today: { refused: 1, wouldHaveBeenRefused: 4 } })).toEqual({
      kind: 'past',
      at: summary.lastDeniedAt,
    });
  });
});
