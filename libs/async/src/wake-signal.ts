/**
 * A wake is never lost: without a waiter, it ends the next `wait` at once. For one waiter at a time.
 *
 * | state  | `wake`                  | `wait`                        | `pause`         | `close`            |
 * | ------ | ----------------------- | ----------------------------- | --------------- | ------------------ |
 * | idle   | woken; ends a `wait`    | sleeps until woken or time out | sleeps its time | closed; ends both  |
 * | woken  | stays woken             | returns true at once; idle    | sleeps its time | closed             |
 * | closed | stays closed            | returns at once               | returns at once | stays closed       |
 */
export class WakeSignal {
  #woken = false;
  #closed = false;
  #end: (() => void) | undefined;

  get closed(): boolean {
    return this.#closed;
  }

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }

  close(): void {
    this.#closed = true;
    this.#end?.();
  }

  /** True after a wake, false after `ms` without one. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#woken) await this.#sleep(ms, () => this.#woken);
    const woken = this.#woken;
    this.#woken = false;
    return woken;
  }

  async pause(ms: number): Promise<void> {
    await this.#sleep(ms, () => false);
  }

  async #sleep(ms: number, isEnough: () => boolean): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.#end = () => {
        if (!this.#closed && !isEnough()) return;
        clearTimeout(timer);
        done();
      };
    });
    this.#end = undefined;
  }
}
