import { expect, it } from '@jest/globals';
import { unknownSettings } from './unknown-settings.js';

it('settings that are misspelt are named in one line, each with the nearest valid one; others are ignored', () => {
  expect(
    unknownSettings({ POSTERN_HTTP_PORT: '1', POSTERN_TENANT: 'acme', HOME: '/', POSTERN_TEST_SEED: '7' }),
  ).toBeNull();
  expect(unknownSettings({ POSTERN_HTPP_PORT: '1', postern_data_dir: 'x', POSTERN_COLOUR_OF_THE_DOOR: 'red' })).toBe(
    'Warning: these settings are unknown and have no effect: POSTERN_HTPP_PORT (did you mean POSTERN_HTTP_PORT?), ' +
      'postern_data_dir (did you mean POSTERN_DATA_DIR?), POSTERN_COLOUR_OF_THE_DOOR.',
  );
});

it('the message stays one short line for any names', () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`POSTERN_${i}\n${'X'.repeat(5_000)}`, '1']));
  const line = unknownSettings(many) ?? '';
  expect(line).toMatch(/^[^\n]{100,2000} and 40 more\.$/);
});
