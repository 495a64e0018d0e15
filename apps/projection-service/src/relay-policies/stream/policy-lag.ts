import { endsWithin } from '@postern/async';
import type { PolicyLag } from '@postern/contracts';

const UNKNOWN: PolicyLag = { lagEvents: null, lagSeconds: null };

/** How far the policies are behind the journal, measured for each heartbeat. Heartbeats go on where it cannot be measured. */
export class PolicyLagMeter {
  private measure: (() => Promise<PolicyLag>) | undefined;
  private measuring: Promise<unknown> | undefined;
  private last: PolicyLag = UNKNOWN;

  /** The last measurement; nulls where none ended in time. */
  get value(): PolicyLag {
    return this.last;
  }

  measureBy(measure: () => Promise<PolicyLag>): void {
    this.measure = measure;
  }

  /** Measures again, for `withinMs` at most. One measurement at a time: a database that hangs is not asked again and again. */
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
