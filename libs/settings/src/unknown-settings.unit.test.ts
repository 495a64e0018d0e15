import { expect, it } from '@jest/globals';
import { unknownSettings } from './unknown-settings.js';

it('settings that are misspelt are named in one line; others are ignored', () => {
  expect(
    unknownSettings({ POSTERN_HTTP_PORT: '1', POSTERN_TENANT: 'acme', HOME: '/', POSTERN_TEST_SEED: '7' }),
  ).toBeNull();
  expect(unknownSettings({ POSTERN_HTPP_PORT: '1', postern_data_dir: 'x' })).toBe(
    'Warning: these settings are unknown and have no effect: POSTERN_HTPP_PORT, postern_data_dir.',
  );
});
