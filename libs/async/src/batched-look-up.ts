import { Deadline } from './deadline.js';

interface Waiting<Found> {
  readonly promise: Promise<Found | null>;
  readonly resolve: (found: Found | null) => void;
  readonly reject: (error: unknown) => void;
}

/** One query at a time: a flood of unknown ids makes queries larger, not more. */
export class BatchedLookUp<Id, Found> {
  private readonly waiting = new Map<Id, Waiting<Found>>();
  private running = false;

  constructor(
    private readonly load: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Found>>,
    private readonly bounds: { readonly batch: number; readonly waiting: number },
    private readonly tooManyWait: () => Error,
  ) {}

  /** Null if the id does not exist. @throws the errors of `load` and `tooManyWait`. */
  find(id: Id): Promise<Found | null> {
    const known = this.waiting.get(id);
    if (known) return known.promise;
    if (this.waiting.size >= this.bounds.waiting) return Promise.reject(this.tooManyWait());
    const waiting = Promise.withResolvers<Found | null>();
    this.waiting.set(id, waiting);
    // The query serves all waiting callers, so the deadline of its starter must not end it.
    if (!this.running) void Deadline.run(null, () => this.run());
    return waiting.promise;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.size > 0) {
      const batch = new Map([...this.waiting].slice(0, this.bounds.batch));
      for (const id of batch.keys()) this.waiting.delete(id);
      try {
        const found = await this.load([...batch.keys()]);
        for (const [id, { resolve }] of batch) resolve(found.get(id) ?? null);
      } catch (error) {
        for (const { reject } of batch.values()) reject(error);
      }
    }
    this.running = false;
  }
}
