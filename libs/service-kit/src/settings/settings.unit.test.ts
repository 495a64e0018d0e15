import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  const KAFKA = { POSTERN_KAFKA_BROKERS: 'a.example:9092, [::1]:9093' };
  const LOGIN = { ...KAFKA, POSTERN_KAFKA_SASL_MECHANISM: 'scram-sha-512', POSTERN_KAFKA_SASL_USERNAME: 'postern' };

  it('take the embedded bus where no Kafka broker is named, and Kafka with its defaults where one is', () => {
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
    expect(() => loadSettings(environment)).toThrow(
      expect.objectContaining({
        name: 'SettingInvalid',
        message: expect.stringMatching(new RegExp(`^${name}[ ,](?!.*topsecret)[^\n]+$`)),
      }),
    );
  });

  it('never repeat a secret in the complaint', () => {
    expect(() => loadSettings({ POSTERN_OPERATOR_KEY: 'topsecret' })).toThrow(/^(?!.*topsecret)/);
    expect(() => loadSettings({ POSTERN_DATABASE_URL: 'http://u:topsecret@h/db' })).toThrow(/^(?!.*topsecret)/);
  });
});
