import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Output } from '@postern/terminal';
import { showComparisons } from './read-models.js';

describe('what verify shows', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each([false, true])('says that not all rows could be compared, and is not equal then (--json: %s)', (json) => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const compared = [{ table: 'denials', group: null, live: 5, journal: 9, differing: 0 }];
    const comparison = { model: 'denials', position: 9, events: 9, compared, uncompared: 3, differences: [] };
    expect(showComparisons([comparison], new Output(json))).toBe(false);
    const shown = write.mock.calls.join('');
    if (json) expect(JSON.parse(shown)).toMatchObject({ equal: false, models: [{ equal: false, uncompared: 3 }] });
    else
      expect(shown).toMatch(
        /\ndenials: Not all rows could be compared: .* 3 late rows .* Run verify again when it has caught up/,
      );
  });
});
