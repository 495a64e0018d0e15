/** How often each instance is asked whether it is ready. */
export const ASK_EVERY_MS = 1_000;
export const ASK_TIMEOUT_MS = 2_000;

/** One instance of a service, and what is known of it. */
export class Instance {
  /** Requests that it is answering for us. */
  open = 0;
  /** Null: ready. `unknown`: it was not asked yet. Else what is missing, for people. */
  #missing: string | null | 'unknown' = 'unknown';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(readonly url: string) {
    void this.#ask();
  }

  /** What is missing, in a few words; null when it is ready. */
  get missing(): string | null {
    return this.#missing === 'unknown' ? 'not asked yet' : this.#missing;
  }

  /** Whether requests should go here: also where nothing is known to speak against it. */
  get usable(): boolean {
    return this.#missing === null || this.#missing === 'unknown';
  }

  /** A request could not be brought to it, or it is closing: it is left out until it says that it is ready. */
  failed(why: string): void {
    this.#missing = why;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    this.#missing = await missingAt(this.url);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#ask(), ASK_EVERY_MS);
  }
}

async function missingAt(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const body: unknown = await answer.json();
    if (answer.ok) return null;
    const { detail } = body as { detail?: unknown };
    return typeof detail === 'string' ? detail.slice(0, 1_000) : `answers ${answer.status}`;
  } catch (error) {
    // fetch says no more than that it failed; why, is the cause.
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
    return cause?.code ?? message;
  }
}
