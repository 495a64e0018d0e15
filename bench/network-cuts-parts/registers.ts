import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { asking, type Ask, type ServicesWorld, type WorldUser } from '@postern/testing';
import type pg from 'pg';

/** One write of a register, with its answer. Times in milliseconds since 1970. */
interface Write {
  readonly register: number;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** 0: no answer came. */
  readonly status: number;
}

/** A user whose list of one address is replaced again and again, each time by a higher one: the register. */
export class RegisterWriter {
  readonly writes: Write[] = [];
  #stopping = false;
  readonly #working: Promise<void>;

  /** `first`: its first register. `repeatable`: with an Idempotency-Key, which takes another way through the service. */
  constructor(
    readonly user: WorldUser,
    private readonly admin: Ask,
    private readonly first: number,
    private readonly repeatable: boolean,
  ) {
    this.#working = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  /** The first acknowledged write that was sent after this. */
  acknowledgedSince(since: number): Write | undefined {
    return this.writes.find(({ sentAt, status }) => status === 200 && sentAt >= since);
  }

  async #run(): Promise<void> {
    const path = `/v1/tenants/acme/smtp-users/${this.user.id}/restriction`;
    for (let register = this.first; !this.#stopping; register++) {
      const sentAt = Date.now();
      const body = { entries: [{ range: rangeOf(this.user, register) }], mode: 'enforce' };
      const headers = { 'if-match': '*', ...(this.repeatable ? { 'idempotency-key': newId() } : {}) };
      const { status } = await this.admin('PUT', path, body, headers).catch(() => ({ status: 0 }));
      if (status !== 200 && status !== 0 && status !== 503) throw new Error(`A write was refused: ${status}.`);
      this.writes.push({ register, sentAt, answeredAt: Date.now(), status });
      await sleep(20);
    }
  }
}

function rangeOf({ number }: WorldUser, register: number): string {
  return `10.${number}.${register >> 8}.${register & 255}`;
}

function registerOf(range: string): number {
  const [, , high, low] = range.split('.').map(Number);
  return ((high ?? 0) << 8) + (low ?? 0);
}

/** Reads the policies of one projection-service again and again, and fails where a register is lower than one that was read before. */
export class PolicyReader {
  readonly #highest = new Map<string, number>();
  #stopping = false;
  readonly #working: Promise<void>;

  constructor(
    private readonly name: string,
    private readonly relay: Ask,
  ) {
    this.#working = this.#run();
    // `stop` throws it.
    this.#working.catch(() => undefined);
  }

  /** The highest register of the user that was read. */
  register({ username }: WorldUser): number {
    return this.#highest.get(username) ?? 0;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const answer = await this.relay('GET', '/v1/relay/policies').catch(() => null);
      if (answer?.status === 200) this.#compare(String(answer.body));
      await sleep(50);
    }
  }

  #compare(body: string): void {
    for (const line of body.trim().split('\n')) {
      const { username, entries } = JSON.parse(line) as { username: string; entries: { range: string }[] };
      const register = registerOf(entries[0]?.range ?? '10.0.0.0');
      if (register < this.register({ username } as WorldUser))
        throw new Error(
          `${this.name}: ${username} went back to register ${register} from ${this.#highest.get(username)}.`,
        );
      this.#highest.set(username, register);
    }
  }
}

/** Denials, one after the other; each is sent until it is acknowledged. */
export class DenialWriter {
  readonly acknowledged: { readonly id: string; readonly sentAt: number }[] = [];
  #stopping = false;
  readonly #working: Promise<void>;

  constructor(world: ServicesWorld) {
    this.#working = this.#run(asking(world.url, world.relayKey), world.users);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  async #run(relay: Ask, users: readonly WorldUser[]): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      const denial = {
        id: newId(),
        username: users[n % users.length]?.username,
        ip: '198.51.100.7',
        occurredAt: new Date().toISOString(),
        relay: 'mx-bench',
        reason: 'ip-not-authorized',
        mode: 'enforce',
        count: 1,
      };
      const sentAt = Date.now();
      const { status } = await relay('POST', '/v1/relay/auth-denials', { denials: [denial] }).catch(() => ({
        status: 0,
      }));
      if (status === 200) this.acknowledged.push({ id: denial.id, sentAt });
      await sleep(50);
    }
  }
}

/**
 * Compares all that was written with the journal. Throws where the registers of a user are not in their order there, an acknowledged one is
 * missing, or one that was answered 503 was committed after its answer.
 */
export async function checkJournal(database: pg.Client, writers: readonly RegisterWriter[]): Promise<void> {
  for (const { user, writes } of writers) {
    const { rows } = await database.query<{ range: string; committed: number }>(
      `SELECT entry ->> 'range' AS range, (extract(epoch FROM pg_xact_commit_timestamp(xid::xid)) * 1000)::float8 AS committed
         FROM journal.events, jsonb_array_elements(data -> 'entries') entry
        WHERE stream_id = $1 AND type = 'RestrictionAdded' ORDER BY version`,
      [`smtp-user/${user.id}`],
    );
    const committed = new Map(rows.map((row) => [registerOf(row.range), row.committed]));
    const inOrder = rows.map(({ range }) => registerOf(range));
    const back = inOrder.findIndex((register, i) => register <= (inOrder[i - 1] ?? 0));
    if (back >= 0)
      throw new Error(`${user.username}: register ${inOrder[back]} follows ${inOrder[back - 1]} in the journal.`);
    for (const { register, status, answeredAt } of writes) {
      const at = committed.get(register);
      if (status === 200 && at === undefined) throw new Error(`${user.username}: register ${register} is lost.`);
      if (status === 503 && at !== undefined && at > answeredAt)
        throw new Error(`${user.username}: register ${register} was committed ${at - answeredAt} ms after its 503.`);
    }
  }
}
