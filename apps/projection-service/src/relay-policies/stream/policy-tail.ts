import { Logger } from '@nestjs/common';
import { Semaphore, WakeSignal } from '@postern/async';
import type { Revision } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import type { PolicyTotals } from '../policy-totals.js';
import { type FramePage, readFramePage, RevisionAhead, RecentPages } from './frame-pages.js';
import type { StreamLimits } from './stream-limits.js';

const RETRY_MS = 500;

export interface TailListener {
  /** Pages come without a gap: `after` of the next one is `upTo` of this one. */
  onPage(page: FramePage): void;
  onGoneBack(): void;
}

export class PolicyTail {
  private readonly logger = new Logger('relay-policies');
  private readonly recent: RecentPages;
  private readonly reads: Semaphore;
  private at: { position: Revision; totals: PolicyTotals | null } | null = null;
  private readonly signal = new WakeSignal();
  private readonly running: Promise<void>;

  constructor(
    private readonly reader: DataSource,
    private readonly limits: StreamLimits,
    private readonly listener: TailListener,
    private readonly onFound: (by: 'notification' | 'poll') => void,
  ) {
    this.recent = new RecentPages(limits.recentBytes);
    this.reads = new Semaphore(limits.catchUpReads);
    this.running = this.run();
  }

  get position(): Revision | null {
    return this.at?.position ?? null;
  }

  get totals(): PolicyTotals | null {
    return this.at?.totals ?? null;
  }

  /** Something may be new, at least up to `revision` if it is given. */
  wake(revision?: number): void {
    if (revision !== undefined && this.at !== null && revision <= this.at.position) return;
    this.signal.wake();
  }

  /** The page after a client's position. @throws `RevisionAhead`, the database's error. */
  async pageBehind(position: Revision): Promise<FramePage> {
    const recent = this.recent.following(position);
    if (recent) return recent;
    return this.reads.run(() => readFramePage(this.reader, position));
  }

  async stop(): Promise<void> {
    this.signal.close();
    await this.running;
  }

  private async run(): Promise<void> {
    let waited: 'notification' | 'poll' | null = null;
    while (!this.signal.closed) {
      const before = this.position;
      try {
        await this.readOn();
        if (waited && this.position !== before) this.onFound(waited);
        waited = null;
      } catch (error) {
        if (this.signal.closed) return;
        this.logger.warn({ msg: 'cannot read the relay policies; streams wait', err: String(error) });
        await this.signal.wait(RETRY_MS);
        continue;
      }
      waited = (await this.signal.wait(this.limits.pollMs)) ? 'notification' : 'poll';
    }
  }

  private async readOn(): Promise<void> {
    this.at ??= await this.begin();
    try {
      do {
        const page = await readFramePage(this.reader, this.at.position);
        this.at = { position: page.upTo, totals: page.totals };
        this.recent.add(page);
        this.listener.onPage(page);
      } while (this.at.totals === null && !this.signal.closed);
    } catch (error) {
      if (!(error instanceof RevisionAhead)) throw error;
      this.logger.error({
        msg: 'the relay policies are older than before; every relay takes a snapshot',
        err: error.message,
      });
      this.at = { position: error.current, totals: null };
      this.recent.clear();
      this.listener.onGoneBack();
      this.signal.wake();
    }
  }

  private async begin(): Promise<{ position: Revision; totals: null }> {
    const [record] = await this.reader.query<{ revision: string }[]>(
      'SELECT revision FROM projection.relay_policy_totals',
    );
    return { position: Number(record?.revision) as Revision, totals: null };
  }
}
