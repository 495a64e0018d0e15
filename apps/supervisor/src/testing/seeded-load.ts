import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { seededRandom, type Answer, type Random, type ServicesWorld, type WorldUser } from '@postern/testing';

/** A change that was acknowledged, as the journal must hold it. */
export interface Change {
  readonly type: 'RestrictionAdded' | 'RestrictionRemoved' | 'RestrictionModeChanged';
  /** The range, or the new mode. */
  readonly what: string;
}

/** All that was acknowledged for one user, in order, and what follows from it. */
export interface UserModel {
  readonly user: WorldUser;
  readonly changes: Change[];
  /** In the order in which they were added. */
  entries: { readonly id: string; readonly range: string }[];
  readonly removed: string[];
  mode: 'enforce' | 'report-only';
  /** Ids of the denials, by address. */
  readonly denials: Map<string, string[]>;
}

export const RELAY_OF_LOAD = 'mx-load';
const MOST_ENTRIES = 12;
/** So long one write is sent again, with its key, before the load gives up. */
const PATIENCE_MS = 90_000;

/**
 * Writes to each user, one change after the other, and reports denials; each is sent again with its key or ids until it is
 * acknowledged. Its models hold what was. A refusal that no fault explains, and an answer that is not what follows from the
 * changes before, end it: `stop` throws then.
 */
export class SeededLoad {
  readonly models: readonly UserModel[];
  /** Attempts that were not acknowledged, by what came instead. */
  readonly failures = new Map<string, number>();
  acknowledged = 0;
  /** Every entry that was added, in the order of the acknowledgements. */
  readonly added: { readonly username: string; readonly range: string }[] = [];
  #stopping = false;
  #working: Promise<unknown> = Promise.resolve();
  #rounds = 0;

  constructor(
    private readonly seed: number,
    private readonly world: ServicesWorld,
    /** Between the changes of one user, at most. */
    private readonly pauseMs: number,
    users: readonly WorldUser[] = world.users,
  ) {
    this.models = users.map((user) => ({
      user,
      changes: [],
      entries: [],
      removed: [],
      mode: 'enforce',
      denials: new Map(),
    }));
  }

  start(): void {
    this.#stopping = false;
    const seed = this.seed + 1_000 * ++this.#rounds;
    const work = [
      ...this.models.map((model, i) => this.#write(model, seededRandom(seed + i))),
      this.#deny(seededRandom(seed + 500)),
    ];
    this.#working = Promise.all(work);
    // It is reported by `stop`, which may be called a good while later.
    this.#working.catch(() => (this.#stopping = true));
  }

  /** Resolves when all that was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  async #write(model: UserModel, random: Random): Promise<void> {
    while (!this.#stopping) {
      await this.change(model, random);
      await sleep(random(this.pauseMs));
    }
  }

  /** Makes one change, and waits until it is acknowledged. */
  async change(model: UserModel, random: Random): Promise<void> {
    const { user, entries, changes, mode } = model;
    const path = `/v1/tenants/acme/smtp-users/${user.id}/restriction`;
    const version = changes.length + 2;
    const send = (method: string, below: string, body?: object) =>
      this.#untilAcknowledged(() =>
        this.world.admin(method, path + below, body, { 'idempotency-key': `${user.number}-${version}` }),
      );
    const victim = entries[random(entries.length)];
    const kind = random(10);
    let answer: Answer;
    if (victim && entries.length > 1 && (kind < 3 || entries.length >= MOST_ENTRIES)) {
      answer = await send('DELETE', `/entries/${victim.id}`);
      model.entries = entries.filter(({ id }) => id !== victim.id);
      model.removed.push(victim.range);
      changes.push({ type: 'RestrictionRemoved', what: victim.range });
    } else if (kind === 3 && entries.length > 0) {
      model.mode = mode === 'enforce' ? 'report-only' : 'enforce';
      answer = await send('PUT', '/mode', { mode: model.mode });
      changes.push({ type: 'RestrictionModeChanged', what: model.mode });
    } else {
      const range = `10.${user.number}.${version >> 8}.${version & 255}`;
      answer = await send('POST', '/entries', { entries: [{ range }] });
      model.entries = [...entries, { id: answer.body.entries.at(-1).id, range }];
      changes.push({ type: 'RestrictionAdded', what: range });
      this.added.push({ username: user.username, range });
    }
    this.acknowledged += 1;
    const answered = [
      answer.body.version,
      answer.body.mode,
      answer.body.entries.map(({ range }: { range: string }) => range),
    ];
    const expected = [version, model.mode, model.entries.map(({ range }) => range)];
    if (JSON.stringify(answered) !== JSON.stringify(expected))
      throw new Error(`An answer does not follow: ${JSON.stringify(answered)} and not ${JSON.stringify(expected)}.`);
  }

  async #deny(random: Random): Promise<void> {
    while (!this.#stopping) {
      const denials = Array.from({ length: 1 + random(4) }, () => ({
        id: newId(),
        username: this.models[random(this.models.length)]?.user.username ?? '',
        ip: `198.51.100.${random(5)}`,
        occurredAt: new Date().toISOString(),
        relay: RELAY_OF_LOAD,
        reason: 'ip-not-authorized',
        mode: 'enforce',
        count: 1,
      }));
      const { body } = await this.#untilAcknowledged(() =>
        this.world.reports('POST', '/v1/relay/auth-denials', { denials }),
      );
      if (body.accepted + body.duplicates !== denials.length)
        throw new Error(`Denials were refused: ${JSON.stringify(body)}`);
      for (const { id, username, ip } of denials) {
        const model = this.models.find(({ user }) => user.username === username);
        model?.denials.set(ip, [...(model.denials.get(ip) ?? []), id]);
      }
      await sleep(random(this.pauseMs));
    }
  }

  async #untilAcknowledged(send: () => Promise<Answer>): Promise<Answer> {
    for (const late = performance.now() + PATIENCE_MS; ;) {
      const answer = await send().catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      if (!(answer instanceof Error) && answer.status < 300) return answer;
      const why =
        answer instanceof Error ? `${answer.name}: ${answer.message}` : `${answer.status} ${answer.body.code ?? ''}`;
      this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
      const passes = answer instanceof Error || answer.status >= 500 || answer.status === 429;
      if (!passes || performance.now() > late)
        throw new Error(
          `A write was not acknowledged: ${why}. ${answer instanceof Error ? '' : JSON.stringify(answer.body)}`,
        );
      await sleep(100);
    }
  }
}
