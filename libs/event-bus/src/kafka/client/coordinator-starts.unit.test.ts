import { describe, expect, it } from '@jest/globals';
import { COORDINATOR_STARTS_WITHIN_MS, coordinatorStarts, retried } from './kafka-errors.js';

const refused = (type: string) => Object.assign(new Error(type), { type });
const starting = () => new Error('The number of retries is exceeded', { cause: refused('GROUP_LOAD_IN_PROGRESS') });

describe('a coordinator that starts', () => {
  it('is distinguished from other failures, also where kafkajs has given up before', () => {
    expect(coordinatorStarts(refused('GROUP_COORDINATOR_NOT_AVAILABLE'))).toBe(true);
    expect(coordinatorStarts(starting())).toBe(true);
    const gaveUp = Object.assign(new Error('gave up'), { name: 'KafkaJSGroupCoordinatorNotFound' });
    expect(coordinatorStarts(gaveUp)).toBe(true);
    expect(coordinatorStarts(refused('GROUP_AUTHORIZATION_FAILED'))).toBe(false);
    expect(coordinatorStarts('GROUP_LOAD_IN_PROGRESS')).toBe(false);
  });

  const onceCoordinated = (ask: () => Promise<unknown>) =>
    retried(ask, coordinatorStarts, COORDINATOR_STARTS_WITHIN_MS);

  it('is asked again; what else fails is thrown at once', async () => {
    const failures = [starting(), starting()];
    const ask = async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return 'there';
    };
    expect(await onceCoordinated(ask)).toBe('there');
    const fenced = refused('PRODUCER_FENCED');
    await expect(onceCoordinated(() => Promise.reject(fenced))).rejects.toBe(fenced);
  });
});
