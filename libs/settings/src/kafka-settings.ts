import { DEFAULT_PARTITIONS, SASL_MECHANISMS, type KafkaLogin, type KafkaSettings } from '@postern/event-bus';
import { z } from 'zod';
import { readSecretFile, readSettingFile, SettingInvalid, wholeNumber } from './setting-values.js';

const BROKER = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?):(\d{1,5})$/;
const brokers = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((list) => list.every(isBroker), 'must read host:port, several separated by commas');

export const KafkaEnvironment = z.object({
  POSTERN_KAFKA_BROKERS: brokers.optional(),
  POSTERN_KAFKA_TLS: z.enum(['off', 'on'], 'must be on or off').default('off'),
  POSTERN_KAFKA_TLS_CA_FILE: z.string().optional(),
  POSTERN_KAFKA_SASL_MECHANISM: z.enum(SASL_MECHANISMS, `must be one of ${SASL_MECHANISMS.join(', ')}`).optional(),
  POSTERN_KAFKA_SASL_USERNAME: z.string().max(255, 'must have 255 characters at most').optional(),
  POSTERN_KAFKA_SASL_PASSWORD: z.string().max(1_024, 'must have 1024 characters at most').optional(),
  POSTERN_KAFKA_SASL_PASSWORD_FILE: z.string().optional(),
  POSTERN_KAFKA_PARTITIONS: wholeNumber(1, 1_000, 'of partitions').default(DEFAULT_PARTITIONS),
  POSTERN_KAFKA_REPLICATION: wholeNumber(1, 10, 'of replicas').optional(),
});

/** Null if no broker is configured. @throws `SettingInvalid` for settings that do not fit together. */
export function kafkaSettings(env: z.output<typeof KafkaEnvironment>): KafkaSettings | null {
  const { POSTERN_KAFKA_BROKERS: list, POSTERN_KAFKA_TLS: tls, POSTERN_KAFKA_TLS_CA_FILE: caFile } = env;
  if (list === undefined) return null;
  if (caFile !== undefined && tls === 'off')
    throw new SettingInvalid('POSTERN_KAFKA_TLS_CA_FILE has no use without POSTERN_KAFKA_TLS=on');
  return {
    brokers: list,
    tls: tls === 'off' ? null : { ca: caFile === undefined ? null : certificates(caFile) },
    sasl: login(env),
    partitions: env.POSTERN_KAFKA_PARTITIONS,
    replication: env.POSTERN_KAFKA_REPLICATION ?? null,
  };
}

function isBroker(text: string): boolean {
  const port = Number(BROKER.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65_535;
}

function login(env: z.output<typeof KafkaEnvironment>): KafkaLogin | null {
  const { POSTERN_KAFKA_SASL_MECHANISM: mechanism, POSTERN_KAFKA_SASL_USERNAME: username } = env;
  const { POSTERN_KAFKA_SASL_PASSWORD: given, POSTERN_KAFKA_SASL_PASSWORD_FILE: file } = env;
  if (mechanism === undefined) {
    if (username === undefined && given === undefined && file === undefined) return null;
    throw new SettingInvalid(
      `POSTERN_KAFKA_SASL_MECHANISM must be set if there is a login, to one of ${SASL_MECHANISMS.join(', ')}`,
    );
  }
  if (username === undefined)
    throw new SettingInvalid(`POSTERN_KAFKA_SASL_USERNAME must be set with POSTERN_KAFKA_SASL_MECHANISM`);
  if (mechanism === 'plain' && env.POSTERN_KAFKA_TLS === 'off')
    throw new SettingInvalid(
      'POSTERN_KAFKA_SASL_MECHANISM must not be plain without POSTERN_KAFKA_TLS=on: the password would be sent unencrypted',
    );
  if (given !== undefined && file !== undefined)
    throw new SettingInvalid(
      'POSTERN_KAFKA_SASL_PASSWORD must not be set together with POSTERN_KAFKA_SASL_PASSWORD_FILE',
    );
  const password = given ?? (file === undefined ? '' : readSecretFile('POSTERN_KAFKA_SASL_PASSWORD_FILE', file));
  if (password === '')
    throw new SettingInvalid(
      'POSTERN_KAFKA_SASL_PASSWORD, or the file that POSTERN_KAFKA_SASL_PASSWORD_FILE names, must contain a password',
    );
  return { mechanism, username, password };
}

function certificates(file: string): string {
  const text = readSettingFile('POSTERN_KAFKA_TLS_CA_FILE', file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new SettingInvalid(`POSTERN_KAFKA_TLS_CA_FILE must name certificates in PEM; there are none in ${file}`);
}
