import { expect, it } from '@jest/globals';
import { connectionOf } from './connection.js';

it.each([
  [{}, 'http://127.0.0.1:8025'],
  [{ POSTERN_HTTP_PORT: '9000' }, 'http://127.0.0.1:9000'],
  [{ POSTERN_HTTP_HOST: '0.0.0.0', POSTERN_HTTP_PORT: '9000' }, 'http://127.0.0.1:9000'],
  [{ POSTERN_HTTP_HOST: '::' }, 'http://[::1]:8025'],
  [{ POSTERN_HTTP_HOST: '::1' }, 'http://[::1]:8025'],
  [{ POSTERN_HTTP_HOST: 'localhost' }, 'http://localhost:8025'],
  [{ POSTERN_URL: 'https://p.example/', POSTERN_HTTP_PORT: '9000' }, 'https://p.example'],
])('by %j Postern is at %s', (environment, url) => {
  expect(connectionOf({ timeout: 1 }, environment).url).toBe(url);
});

it('a Postern on any free port must be named by its address', () => {
  expect(() => connectionOf({ timeout: 1 }, { POSTERN_HTTP_PORT: '0' })).toThrow(
    /^POSTERN_HTTP_PORT is 0, .* Set POSTERN_URL/,
  );
});
