import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@postern/contracts';
import { describeWithKafka, partitionsOf } from '@postern/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { servicesWithKafka, type ServicesWithKafka } from '../testing/services-with-kafka.js';

describeWithKafka(describe, 'postern repartition', () => {
  let services: ServicesWithKafka;
  beforeAll(async () => {
    services = await servicesWithKafka();
    await services.start(2);
  }, 180_000);
  afterAll(() => services?.end(), 90_000);

  const repartition = (partitions: number) =>
    services.command(['repartition'], { POSTERN_KAFKA_PARTITIONS: String(partitions) });

  it('is refused while services run, and changes nothing', async () => {
    await services.underLoad(async () => {
      await sleep(1_000);
      expect(await repartition(3)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/is running\. Stop all services, and run it again.*Nothing was changed/),
      });
    });
    expect(await services.settled()).toEqual(services.acknowledged());
  }, 120_000);

  it('changes their number: nothing is lost, nothing counts twice, and the last change of each user is the last', async () => {
    await services.underLoad(() => sleep(2_000));
    await services.settled();
    expect(await services.stop()).toBe(0);
    expect(await repartition(3)).toMatchObject({
      code: 0,
      out: 'Start the services with POSTERN_KAFKA_PARTITIONS=3.\n',
    });
    // As where it was killed before it could say so.
    expect(await repartition(3)).toMatchObject({ code: 0 });
    await services.start(3);
    await services.underLoad(() => sleep(3_000));
    expect(await services.settled()).toEqual(services.acknowledged());
    expect(await services.missing()).toEqual([]);
    for (const topic of [...Object.values(TOPICS), 'postern.relay-policies.v1'])
      expect([topic, await partitionsOf(services.brokers, topic)]).toEqual([topic, 3]);
    const { rows } = await services.owner.query(
      `SELECT DISTINCT broker_partitions AS partitions FROM projection.checkpoints WHERE broker_partitions IS NOT NULL`,
    );
    expect(rows).toEqual([{ partitions: 3 }]);
  }, 180_000);

  it('does not let events be written down as applied that are not', async () => {
    expect(await services.stop()).toBe(0);
    // As where a consumer was halted in one partition, and went on in the other.
    const { rows } = await services.owner.query(
      `UPDATE audit.checkpoints SET xid = '1', position = 1
        WHERE (consumer, source) = (SELECT consumer, source FROM audit.checkpoints
                                     WHERE broker_partitions IS NOT NULL AND consumer LIKE '%denials%' LIMIT 1)
       RETURNING consumer`,
    );
    const [{ consumer }] = rows as [{ consumer: string }];
    await services.owner.query(`DELETE FROM audit.checkpoints WHERE consumer = $1 AND source = 'journal'`, [consumer]);
    expect(await repartition(4)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(
        new RegExp(`${consumer} has not applied every event .* POSTERN_KAFKA_PARTITIONS=3, as before`),
      ),
    });
  }, 60_000);
});
