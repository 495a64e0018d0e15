/** A wake that is not lost when nobody waits for it: it then ends the next wait at once. */
export class WakeSignal {
  #woken = false;
  #closed = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }

  /** Ends this wait and pause, and every later one, at once. */
  close(): void {
    this.#closed = true;
    this.#end?.();
  }

  /** True after a wake, false when `ms` have passed without one. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#woken) await this.#sleep(ms, () => this.#woken);
    const woken = this.#woken;
    this.#woken = false;
    return woken;
  }

  /** Like `wait`, but a wake does not end it. */
  async pause(ms: number): Promise<void> {
    await this.#sleep(ms, () => false);
  }

  async #sleep(ms: number, enough: () => boolean): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.#end = () => {
        if (!this.#closed && !enough()) return;
        clearTimeout(timer);
        done();
      };
    });
    this.#end = undefined;
  }
}
