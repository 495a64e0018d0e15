import { Logger } from '@nestjs/common';
import { WakeSignal } from '@postern/async';
import type { FramePage } from './frame-pages.js';
import { RevisionAhead } from './read-pages.js';

const RETRY_MS = 500;

export interface TailOptions<End> {
  /** Of the table's rows, for logs. */
  readonly name: string;
  /** The page after a revision; null: an empty page at the end. @throws `RevisionAhead`, the database's error. */
  read(after: number | null): Promise<FramePage<End>>;
  /** Pages come without a gap: `after` of the next one is `upTo` of this one. */
  onPage(page: FramePage<End>): void;
  /** The table is older than before. Pages then continue at its end. */
  onGoneBack(): void;
  onFound(by: 'notification' | 'poll'): void;
}

/** Reads the new rows of a table with revisions, once for all clients. */
export class TableTail<End> {
  private readonly logger = new Logger('relay-policies');
  private readonly signal = new WakeSignal();
  private readonly running: Promise<void>;
  /** Everything up to here was read; null before the first read. */
  position: number | null = null;
  /** The state of the table at the position; null while there is more to read. It stays while the database is unavailable. */
  end: End | null = null;

  constructor(
    private readonly options: TailOptions<End>,
    private readonly pollMs: number,
  ) {
    this.running = this.run();
  }

  /** Something may be new, at least up to `revision` if it is given. */
  wake(revision?: number): void {
    if (revision !== undefined && this.position !== null && revision <= this.position) return;
    this.signal.wake();
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
        if (waited && this.position !== before) this.options.onFound(waited);
        waited = (await this.signal.wait(this.pollMs)) ? 'notification' : 'poll';
      } catch (error) {
        if (this.signal.closed) return;
        waited = null;
        if (error instanceof RevisionAhead) {
          this.goBack(error);
          continue;
        }
        this.logger.warn({ msg: `cannot read the ${this.options.name}; streams wait`, err: String(error) });
        await this.signal.wait(RETRY_MS);
      }
    }
  }

  private async readOn(): Promise<void> {
    do {
      const page = await this.options.read(this.position);
      this.position = page.upTo;
      this.end = page.end;
      this.options.onPage(page);
    } while (this.end === null && !this.signal.closed);
  }

  private goBack({ message: err }: RevisionAhead): void {
    this.logger.error({ msg: `the ${this.options.name} are older than before; every relay takes a snapshot`, err });
    this.position = this.end = null;
    this.options.onGoneBack();
  }
}
