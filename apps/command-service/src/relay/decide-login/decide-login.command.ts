import { Command } from '@nestjs/cqrs';
import type { DecisionKind, Mode, ReasonCode, Reply } from '@postern/contracts';
import type { Entry } from '@postern/restrictions';
import type { RequestContext } from '@postern/http';

/** What a relay is told about one login. */
export interface LoginDecision {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** Null where the SMTP user is unknown. */
  readonly mode: Mode | null;
  readonly matched: Entry | null;
  readonly reply: Reply | null;
}

/** Decides one login; unless `dryRun`, one that is refused, or in report-only would be, is recorded before the answer. */
export class DecideLogin extends Command<LoginDecision> {
  constructor(
    readonly username: string,
    /** As the relay sees it; it may be anything. */
    readonly ip: string,
    readonly dryRun: boolean,
    readonly context: RequestContext,
  ) {
    super();
  }
}
