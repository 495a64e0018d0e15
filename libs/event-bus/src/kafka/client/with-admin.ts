import type { Admin } from 'kafkajs';
import { kafkaClient } from './kafka-client.js';
import { kafkaError } from './kafka-errors.js';
import type { KafkaSettings } from './kafka-settings.js';

/** Asks the brokers by a connection that ends with the work. Throws `KafkaRefused`, `KafkaUnreachable`, or what else the work throws. */
export async function withAdmin<T>(settings: KafkaSettings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaClient(settings, 'postern-admin').admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw kafkaError(error, settings);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
