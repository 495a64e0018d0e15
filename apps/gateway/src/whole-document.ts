import type { Instances } from './instances.js';
import { SERVICES, type Service } from './routes.js';

/** An OpenAPI document, as far as it is looked at here. */
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tags?: readonly { readonly name: string }[];
  readonly [other: string]: unknown;
}

const FRESH_MS = 10_000;
const ASK_TIMEOUT_MS = 5_000;

/** The OpenAPI document of the whole API, made of those of the services. */
export class WholeDocument {
  #last: { readonly at: number; readonly document: Promise<Document> } | undefined;

  constructor(private readonly instances: Instances) {}

  /** Throws where a service can't be asked. Who asks while others do is given the same. */
  get(): Promise<Document> {
    const now = performance.now();
    if (this.#last && now - this.#last.at < FRESH_MS) return this.#last.document;
    const document = Promise.all(SERVICES.map((service) => this.#ask(service))).then(merged);
    this.#last = { at: now, document };
    document.catch(() => (this.#last = undefined));
    return document;
  }

  async #ask(service: Service): Promise<Document> {
    const instance = this.instances.pick(service, new Set());
    const answer = await fetch(`${instance?.url}/openapi.json`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`The ${service} answers ${answer.status} to GET /openapi.json.`);
    return (await answer.json()) as Document;
  }
}

/** Of the first, what is of the whole; of all, their paths, components and tags. Paths stand in their order. */
export function merged(documents: readonly Document[]): Document {
  const paths: Record<string, Record<string, unknown>> = {};
  const components: Record<string, Record<string, unknown>> = {};
  const tags = new Map<string, { readonly name: string }>();
  for (const document of documents) {
    for (const [path, operations] of Object.entries(document.paths)) paths[path] = { ...paths[path], ...operations };
    for (const [kind, named] of Object.entries(document.components ?? {}))
      components[kind] = { ...components[kind], ...named };
    for (const tag of document.tags ?? []) tags.set(tag.name, tag);
  }
  return {
    ...documents[0],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components,
    ...(tags.size > 0 ? { tags: [...tags.values()] } : {}),
  };
}
