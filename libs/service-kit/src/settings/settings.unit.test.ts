import { describe, expect, it } from '@jest/globals';
import { SettingInvalid } from './setting-invalid.js';
import { loadSettings } from './settings.js';

describe('the settings', () => {
  it('have defaults for everything: an empty environment starts on 127.0.0.1:8025 with an embedded database', () => {
    expect(loadSettings({})).toMatchObject({
      httpHost: '127.0.0.1',
      httpPort: 8025,
      dataDir: '.postern',
      databaseUrl: null,
      operatorKey: null,
      logLevel: 'info',
      rateLimit: { perSecond: 5_000, burst: 20_000 },
      failedAuthLimit: { perSecond: 20, burst: 200 },
      maxConnections: 10_000,
      denialRetentionDays: 90,
    });
  });

  it('count an empty variable as not set', () => {
    expect(loadSettings({ POSTERN_HTTP_PORT: '', POSTERN_DATABASE_URL: '' })).toMatchObject({
      httpPort: 8025,
      databaseUrl: null,
    });
  });

  it.each([
    ['POSTERN_HTTP_PORT', '80x'],
    ['POSTERN_HTTP_PORT', '70000'],
    ['POSTERN_HTTP_HOST', 'nowhere.example'],
    ['POSTERN_DATABASE_URL', 'mysql://u:p@h/db'],
    ['POSTERN_DATABASE_URL', 'postgresql://user@host/db'],
    ['POSTERN_OPERATOR_KEY', 'pst_admin_0198_0123456789abcdef'],
    ['POSTERN_TRUSTED_PROXIES', '10.0.0.0/8,10.0.0.0/33'],
    ['POSTERN_LOG_LEVEL', 'loud'],
    ['POSTERN_DENIAL_RETENTION_DAYS', '-1'],
    ['POSTERN_DENIAL_RETENTION_DAYS', '36501'],
    ['POSTERN_RATE_LIMIT_PER_SECOND', '-1'],
    ['POSTERN_RATE_LIMIT_PER_SECOND', 'many'],
    ['POSTERN_RATE_LIMIT_BURST', '0'],
    ['POSTERN_RATE_LIMIT_BURST', '1.5'],
    ['POSTERN_FAILED_AUTH_PER_SECOND', 'x'],
    ['POSTERN_FAILED_AUTH_BURST', '0'],
    ['POSTERN_MAX_CONNECTIONS', '1'],
  ])('stop the start with one line that names %s when it is %j', (name, value) => {
    let message = '';
    try {
      loadSettings({ [name]: value });
    } catch (error) {
      expect(error).toBeInstanceOf(SettingInvalid);
      message = (error as Error).message;
    }
    expect(message).toMatch(new RegExp(`^${name} [^\n]+$`));
  });

  it('never repeat a secret in the complaint', () => {
    expect(() => loadSettings({ POSTERN_OPERATOR_KEY: 'topsecret' })).toThrow(/^(?!.*topsecret)/);
    expect(() => loadSettings({ POSTERN_DATABASE_URL: 'http://u:topsecret@h/db' })).toThrow(/^(?!.*topsecret)/);
  });
});
