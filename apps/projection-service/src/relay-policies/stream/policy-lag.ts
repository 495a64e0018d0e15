import { endsWithin } from '@postern/async';
import type { PolicyLag } from '@postern/contracts';

const UNKNOWN: PolicyLag = { lagEvents: null, lagSeconds: null };

export class PolicyLagMeter {
  private measure: (() => Promise<PolicyLag>) | undefined;
  private measuring: Promise<unknown> | undefined;
  private last: PolicyLag = UNKNOWN;

  get value(): PolicyLag {
    return this.last;
  }

  measureBy(measure: () => Promise<PolicyLag>): void {
    this.measure = measure;
  }

  /** For `withinMs` at most. One measurement at a time, so that a hanging database is not queried repeatedly. */
  async refresh(withinMs: number): Promise<void> {
    if (this.measure === undefined) return;
    this.measuring ??= this.measure()
      .then(
        (lag) => (this.last = lag),
        () => (this.last = UNKNOWN),
      )
      .finally(() => (this.measuring = undefined));
    if (!(await endsWithin(this.measuring, withinMs))) this.last = UNKNOWN;
  }
}
