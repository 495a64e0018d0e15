import type { Service } from './routes.js';

export interface Replica {
  readonly url: string;
  missing: string | null;
}

const ASK_TIMEOUT_MS = 2_000;

export class Replicas {
  readonly #all: readonly Replica[];
  #next = 0;

  constructor(
    readonly service: Service,
    urls: readonly string[],
  ) {
    this.#all = urls.map((url) => ({ url, missing: 'not asked yet' }));
  }

  get missing(): string | null {
    if (this.#all.some(({ missing }) => missing === null)) return null;
    return this.#all.map(({ url, missing }) => `${url}: ${missing}`).join(' ');
  }

  /** The next ready one; if none is ready, the next, because its state may be outdated. Undefined if all were tried. */
  pick(tried: readonly Replica[]): Replica | undefined {
    const left = this.#all.filter((replica) => !tried.includes(replica));
    const ready = left.filter(({ missing }) => missing === null);
    const candidates = ready.length > 0 ? ready : left;
    return candidates[this.#next++ % candidates.length];
  }

  askWhetherReady(): void {
    for (const replica of this.#all) void missingAt(replica.url).then((missing) => (replica.missing = missing));
  }
}

async function missingAt(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const { detail } = (await answer.json()) as { detail?: unknown };
    return answer.ok ? null : String(detail ?? answer.status);
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
    return cause?.code ?? message;
  }
}
