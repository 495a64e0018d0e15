import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { onDatabase, runCommand, until, type CommandEnd, type ServicesWorld } from '@postern/testing';

const WRITERS = 4;
/** Between the changes of one writer: a load at full speed would leave a command no time on a small machine. */
const PAUSE_MS = 150;
const DENIALS_AT_ONCE = 1_000;

export interface Held {
  /** The last note of each user's restriction, in the users' order. */
  readonly notes: readonly (string | null)[];
  readonly denials: number;
}

/** Changes of restrictions and denied logins of all users of a world, so of all partitions. Each is acknowledged. */
export class AcknowledgedLoad {
  private readonly notes: (string | null)[];
  private denied = 0;
  private next = 0;

  constructor(private readonly world: ServicesWorld) {
    this.notes = world.users.map(() => null);
  }

  /** What was acknowledged. */
  get acknowledged(): Held {
    return { notes: [...this.notes], denials: this.denied };
  }

  /** At least so many changes, each followed by a denied login. */
  async changes(count: number): Promise<void> {
    const enough = this.denied + count;
    await this.lanes(() => this.denied >= enough);
  }

  /** Goes on until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    let ended = false;
    const lanes = this.lanes(() => ended);
    try {
      return await work();
    } finally {
      ended = true;
      await lanes;
    }
  }

  /** Denied logins of one relay, so many in all. */
  async denials(count: number): Promise<void> {
    const { users } = this.world;
    const occurredAt = new Date().toISOString();
    for (let sent = 0; sent < count; sent += DENIALS_AT_ONCE) {
      const denials = Array.from({ length: DENIALS_AT_ONCE }, (_, i) => ({
        id: newId(),
        username: users[i % users.length]?.username,
        ip: `198.51.100.${i % 250}`,
        reason: 'ip-not-authorized',
        mode: 'enforce',
        relay: 'mx1',
        count: 1,
        occurredAt,
      }));
      const { body } = await this.world.reports('POST', '/v1/relay/auth-denials', { denials });
      if (body.accepted !== DENIALS_AT_ONCE)
        throw new Error(`Not all were taken: ${JSON.stringify(body).slice(0, 500)}`);
      this.denied += DENIALS_AT_ONCE;
    }
  }

  command(...args: readonly string[]): Promise<CommandEnd> {
    return runCommand('database-tool', args, this.world.environment);
  }

  /** What is held of what was acknowledged, once it is all there and every read model is equal to the journal. */
  async settled(): Promise<Held> {
    const expected = JSON.stringify(this.acknowledged);
    await until(
      () => this.held(),
      `what was acknowledged, which is ${expected}`,
      (held) => JSON.stringify(held) === expected,
    );
    const { code, out, err } = await this.command('verify', '--json');
    if (code !== 0) throw new Error(`The read models differ: ${out}${err}`);
    return this.held();
  }

  private held(): Promise<Held> {
    return onDatabase(this.world.databaseUrl, async (owner) => {
      const { rows: totals } = await owner.query<{ logins: number }>(
        'SELECT coalesce(sum(count), 0)::integer AS logins FROM audit.denied_ips',
      );
      const { rows } = await owner.query<{ id: string; note: string }>(
        `SELECT id, (SELECT entry->>'note' FROM projection.entries WHERE smtp_user_id = id ORDER BY position LIMIT 1) AS note
           FROM projection.smtp_users`,
      );
      const noteOf = new Map(rows.map(({ id, note }) => [id, note]));
      return { notes: this.world.users.map(({ id }) => noteOf.get(id) ?? null), denials: totals[0]?.logins ?? 0 };
    });
  }

  private async lanes(ended: () => boolean): Promise<void> {
    const writer = async (of: number) => {
      for (let n = 0; !ended(); n++) {
        await this.change((n * WRITERS + of) % this.notes.length);
        await sleep(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, of) => writer(of)));
  }

  private async change(number: number): Promise<void> {
    const { admin, reports, users } = this.world;
    const user = users[number];
    const note = `${this.next++}`;
    const entries = [{ range: '192.0.2.0/24', note }];
    const path = `/v1/tenants/acme/smtp-users/${user?.id}/restriction`;
    const { status, body } = await admin('PUT', path, { entries, mode: 'enforce' }, { 'if-match': '*' });
    if (status !== 200) throw new Error(`A change was not taken: ${JSON.stringify(body)}`);
    this.notes[number] = note;
    const login = { username: user?.username, ip: `198.51.100.${number}` };
    const decided = await reports('POST', '/v1/relay/decisions', login);
    if (decided.body.decision !== 'deny') throw new Error(`Not denied: ${JSON.stringify(decided.body)}`);
    this.denied += 1;
  }
}
