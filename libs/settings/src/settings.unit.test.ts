import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SettingInvalid } from './setting-values.js';
import { loadSettings } from './settings.js';

/** Why the settings are refused. */
function complaint(environment: NodeJS.ProcessEnv): string {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof SettingInvalid) return error.message;
    throw error;
  }
  throw new Error('They are accepted.');
}

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

  const PORT = 'must be a whole number from 1 to 65535, or 0 for any that is free';
  const DAYS = 'must be a whole number of days from 1 to 36500, or 0 to keep denials for ever';
  const RATE = 'must be a number of requests per second up to 1000000, or 0 for no limit';
  const BURST = 'must be a whole number of requests from 1 to 10000000';
  const PROXIES = 'must be addresses and CIDRs separated by commas.';
  it.each([
    ['POSTERN_HTTP_PORT', '80x', PORT],
    ['POSTERN_HTTP_PORT', '70000', PORT],
    ['POSTERN_HTTP_PORT', '0x50', PORT],
    ['POSTERN_HTTP_PORT', ' 8025', PORT],
    ['POSTERN_HTTP_HOST', 'nowhere.example', 'must be an IP address or localhost'],
    ['POSTERN_TRUSTED_PROXIES', '10.0.0.0/8,10.0.0.0/33', `${PROXIES} "10.0.0.0/33": `],
    ['POSTERN_TRUSTED_PROXIES', '10.0.0.1/8', `${PROXIES} 10.0.0.1/8 has bits set after the first 8. `],
    ['POSTERN_LOG_LEVEL', 'loud', 'must be one of fatal, error, warn, info, debug, trace, silent'],
    ['POSTERN_DENIAL_RETENTION_DAYS', '-1', DAYS],
    ['POSTERN_DENIAL_RETENTION_DAYS', '36501', DAYS],
    ['POSTERN_RATE_LIMIT_PER_SECOND', '-1', RATE],
    ['POSTERN_RATE_LIMIT_PER_SECOND', 'many', RATE],
    ['POSTERN_RATE_LIMIT_BURST', '0', BURST],
    ['POSTERN_RATE_LIMIT_BURST', '1.5', BURST],
    ['POSTERN_FAILED_AUTH_PER_SECOND', 'x', RATE],
    ['POSTERN_FAILED_AUTH_BURST', '0', BURST],
    ['POSTERN_MAX_CONNECTIONS', '1', 'must be a whole number from 10 to 1000000'],
  ])('stop the start with one line that names %s and its valid values when it is %j', (name, value, rule) => {
    const message = complaint({ [name]: value });
    expect(message.startsWith(`${name} ${rule}`)).toBe(true);
    expect(message).toMatch(/^[^\n]{1,500} \(it is "[^\n]*"\)$/);
    expect(message).toContain(value);
  });

  it.each([
    ['POSTERN_DATABASE_URL', 'mysql://u:p@h/db'],
    ['POSTERN_DATABASE_URL', 'postgresql://user@host/db'],
    ['POSTERN_OPERATOR_KEY', 'pst_admin_0198_0123456789abcdef'],
  ])('stop the start where %s is bad, and keep to themselves what it is', (name, value) => {
    const message = complaint({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name} must read [^\n]+$`));
    expect(message).not.toContain(value);
  });

  it('read the URL of the database from a file, and never fall back to the embedded database where the file is unusable', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-settings-'));
    const POSTERN_DATABASE_URL_FILE = join(folder, 'database-url');
    expect(complaint({ POSTERN_DATABASE_URL_FILE })).toMatch(
      /^POSTERN_DATABASE_URL_FILE must name a file that can be read \([^\n]+: ENOENT\)$/,
    );
    writeFileSync(POSTERN_DATABASE_URL_FILE, '');
    expect(complaint({ POSTERN_DATABASE_URL_FILE })).toMatch(/^POSTERN_DATABASE_URL must read postgresql:[^\n]+$/);
    const url = 'postgresql://owner:topsecret@db.example/postern';
    writeFileSync(POSTERN_DATABASE_URL_FILE, `${url}\n`);
    expect(loadSettings({ POSTERN_DATABASE_URL_FILE, POSTERN_DATABASE_URL: '' }).databaseUrl).toBe(url);
    expect(complaint({ POSTERN_DATABASE_URL_FILE, POSTERN_DATABASE_URL: url })).toBe(
      'POSTERN_DATABASE_URL must not be set together with POSTERN_DATABASE_URL_FILE',
    );
    rmSync(folder, { recursive: true });
  });

  const KAFKA = { POSTERN_KAFKA_BROKERS: 'a.example:9092, [::1]:9093' };
  const LOGIN = { ...KAFKA, POSTERN_KAFKA_SASL_MECHANISM: 'scram-sha-512', POSTERN_KAFKA_SASL_USERNAME: 'postern' };

  it('use the embedded bus without a Kafka broker, and Kafka with its defaults with one', () => {
    expect(loadSettings({}).kafka).toBeNull();
    const defaults = { tls: null, sasl: null, partitions: 12, replication: null };
    expect(loadSettings(KAFKA).kafka).toEqual({ brokers: ['a.example:9092', '[::1]:9093'], ...defaults });
  });

  it('read the certificates and the password of Kafka from files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-settings-'));
    const [ca, password] = [join(folder, 'ca.pem'), join(folder, 'password')];
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    writeFileSync(ca, pem);
    writeFileSync(password, 'topsecret\n');
    const files = { POSTERN_KAFKA_TLS_CA_FILE: ca, POSTERN_KAFKA_SASL_PASSWORD_FILE: password };
    const numbers = { POSTERN_KAFKA_PARTITIONS: '24', POSTERN_KAFKA_REPLICATION: '2' };
    expect(loadSettings({ ...LOGIN, ...files, ...numbers, POSTERN_KAFKA_TLS: 'on' }).kafka).toEqual({
      brokers: ['a.example:9092', '[::1]:9093'],
      tls: { ca: pem },
      sasl: { mechanism: 'scram-sha-512', username: 'postern', password: 'topsecret' },
      partitions: 24,
      replication: 2,
    });
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['POSTERN_KAFKA_BROKERS', { POSTERN_KAFKA_BROKERS: 'a.example' }],
    ['POSTERN_KAFKA_BROKERS', { POSTERN_KAFKA_BROKERS: 'a.example:9092,,b:1' }],
    ['POSTERN_KAFKA_BROKERS', { POSTERN_KAFKA_BROKERS: 'kafka://a:9092' }],
    ['POSTERN_KAFKA_BROKERS', { POSTERN_KAFKA_BROKERS: 'a:70000' }],
    ['POSTERN_KAFKA_TLS', { ...KAFKA, POSTERN_KAFKA_TLS: 'yes' }],
    ['POSTERN_KAFKA_TLS_CA_FILE', { ...KAFKA, POSTERN_KAFKA_TLS_CA_FILE: '/none' }],
    ['POSTERN_KAFKA_TLS_CA_FILE', { ...KAFKA, POSTERN_KAFKA_TLS: 'on', POSTERN_KAFKA_TLS_CA_FILE: '/none' }],
    ['POSTERN_KAFKA_TLS_CA_FILE', { ...KAFKA, POSTERN_KAFKA_TLS: 'on', POSTERN_KAFKA_TLS_CA_FILE: '/etc/hostname' }],
    ['POSTERN_KAFKA_SASL_MECHANISM', { ...KAFKA, POSTERN_KAFKA_SASL_MECHANISM: 'gssapi' }],
    ['POSTERN_KAFKA_SASL_MECHANISM', { ...KAFKA, POSTERN_KAFKA_SASL_USERNAME: 'postern' }],
    ['POSTERN_KAFKA_SASL_MECHANISM', { ...LOGIN, POSTERN_KAFKA_SASL_MECHANISM: 'plain' }],
    ['POSTERN_KAFKA_SASL_USERNAME', { ...KAFKA, POSTERN_KAFKA_SASL_MECHANISM: 'scram-sha-256' }],
    ['POSTERN_KAFKA_SASL_PASSWORD', LOGIN],
    [
      'POSTERN_KAFKA_SASL_PASSWORD',
      { ...LOGIN, POSTERN_KAFKA_SASL_PASSWORD: 'topsecret', POSTERN_KAFKA_SASL_PASSWORD_FILE: '/none' },
    ],
    ['POSTERN_KAFKA_SASL_PASSWORD_FILE', { ...LOGIN, POSTERN_KAFKA_SASL_PASSWORD_FILE: '/none' }],
    ['POSTERN_KAFKA_SASL_PASSWORD', { ...LOGIN, POSTERN_KAFKA_SASL_PASSWORD: 'topsecret'.repeat(200) }],
    ['POSTERN_KAFKA_PARTITIONS', { ...KAFKA, POSTERN_KAFKA_PARTITIONS: '0' }],
    ['POSTERN_KAFKA_REPLICATION', { ...KAFKA, POSTERN_KAFKA_REPLICATION: 'three' }],
  ])('of Kafka stop the start with one line that names %s where it is bad: %j', (name, environment) => {
    expect(complaint(environment)).toMatch(new RegExp(`^${name}(, [^\n]+)? (must|has) (?!.*topsecret)[^\n]+$`));
  });

  it('never repeat a secret in the complaint', () => {
    expect(() => loadSettings({ POSTERN_OPERATOR_KEY: 'topsecret' })).toThrow(/^(?!.*topsecret)/);
    expect(() => loadSettings({ POSTERN_DATABASE_URL: 'http://u:topsecret@h/db' })).toThrow(/^(?!.*topsecret)/);
  });
});
