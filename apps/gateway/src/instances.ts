import { Instance } from './instance.js';
import { SERVICES, type Service } from './routes.js';
import type { UpstreamUrls } from './gateway-settings.js';

/** The instances of every service, and which of them is to be asked next. */
export class Instances {
  readonly #of: Readonly<Record<Service, readonly Instance[]>>;

  constructor(urls: UpstreamUrls) {
    const made = (service: Service) => urls[service].map((url) => new Instance(url));
    this.#of = {
      'command-service': made('command-service'),
      'projection-service': made('projection-service'),
      'audit-trail-service': made('audit-trail-service'),
    };
  }

  /**
   * The instance with the fewest open requests of those that are ready; where none is, of all: they may know better than
   * we do. Null where every one was tried.
   */
  pick(service: Service, tried: ReadonlySet<Instance>): Instance | null {
    const left = this.#of[service].filter((instance) => !tried.has(instance));
    const usable = left.filter((instance) => instance.usable);
    const [first, ...others] = usable.length > 0 ? usable : left;
    if (!first) return null;
    return others.reduce((best, instance) => (instance.open < best.open ? instance : best), first);
  }

  of(service: Service): readonly Instance[] {
    return this.#of[service];
  }

  /** By service what is missing: only where no instance of it is ready. */
  missing(): Record<string, string> {
    const entries = SERVICES.flatMap((service) => {
      const lacks = this.#of[service].map(({ url, missing }) => (missing === null ? null : `${url}: ${missing}`));
      return lacks.includes(null) ? [] : [[service, lacks.join(' ')] as const];
    });
    return Object.fromEntries(entries);
  }

  stop(): void {
    for (const service of SERVICES) for (const instance of this.#of[service]) instance.stop();
  }
}
