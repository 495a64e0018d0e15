import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { partitionOf } from '@postern/event-bus';
import type { RelayClient } from '@postern/relay-client';
import { asking, PARTITIONS, type Ask, type ServicesWorld, type WorldUser } from '@postern/testing';
import type pg from 'pg';

const POLL_MS = 2;
const GIVE_UP_MS = 90_000;

/**
 * One event to each partition of a topic, by a user whose key falls into it, and when they have come to where they are read.
 * Written past the proxy, at an instance that stays up: the way from there through Kafka is what is measured.
 */
export class FirstEvents {
  #written = 0;

  private constructor(
    private readonly world: ServicesWorld,
    private readonly relay: RelayClient,
    private readonly database: pg.Client,
    private readonly users: readonly WorldUser[],
  ) {}

  /** `users`: those that nobody else writes to. */
  static of(world: ServicesWorld, relay: RelayClient, database: pg.Client, users: readonly WorldUser[]): FirstEvents {
    const one = Array.from({ length: PARTITIONS }, (_, partition) =>
      users.find(({ id }) => partitionOf(id, PARTITIONS) === partition),
    );
    if (one.includes(undefined)) throw new Error('A partition has no user: give the bench more of them.');
    return new FirstEvents(world, relay, database, one as WorldUser[]);
  }

  /** Resolves when the relay allows an address that was added, of each partition. `at`: the command-service's URL. */
  async enforced(at: string): Promise<void> {
    const range = `172.16.${++this.#written >> 8}.${this.#written & 255}`;
    const admin = asking(at, this.world.adminKey);
    await Promise.all(
      this.users.map(async ({ id, username }) => {
        const path = `/v1/tenants/acme/smtp-users/${id}/restriction/entries`;
        await acknowledged(admin, path, { entries: [{ range }] });
        await poll(() => this.relay.peek(username, range).reason === 'entry-matched');
      }),
    );
  }

  /** Resolves when a denial of each partition is on record. */
  async recorded(at: string): Promise<void> {
    const denials = this.users.map(({ username }) => ({
      id: newId(),
      username,
      ip: '198.51.100.77',
      occurredAt: new Date().toISOString(),
      relay: 'mx-bench',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      count: 1,
    }));
    await acknowledged(asking(at, this.world.relayKey), '/v1/relay/auth-denials', { denials });
    const ids = denials.map(({ id }) => id);
    await poll(async () => {
      const { rows } = await this.database.query('SELECT FROM audit.denials WHERE id = ANY ($1::uuid[])', [ids]);
      return rows.length === ids.length;
    });
  }
}

async function acknowledged(ask: Ask, path: string, body: object): Promise<void> {
  const key = { 'idempotency-key': newId() };
  await poll(async () => {
    const { status } = await ask('POST', path, body, key).catch(() => ({ status: 503 }));
    if (status < 500 && status >= 400) throw new Error(`A write was refused: ${status}.`);
    return status < 300;
  });
}

/** Asks again and again. Throws after a minute and a half. */
export async function poll(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const late = performance.now() + GIVE_UP_MS; performance.now() < late; await sleep(POLL_MS)) {
    if (await holds()) return;
  }
  throw new Error(`It did not come true within ${GIVE_UP_MS / 1_000} s.`);
}
