import { Inject, Injectable } from '@nestjs/common';
import { restrictionView, type Restriction } from '@postern/restrictions';
import { CLOCK, type Clock } from '../clock.js';
import { SmtpUserWrites, type SmtpUserWrite } from '../smtp-user/smtp-user-writes.js';

/** Changes of a restriction are changes of its SMTP user, answered as the restriction that came of it. */
@Injectable()
export class RestrictionWrites {
  constructor(
    @Inject(SmtpUserWrites) private readonly writes: SmtpUserWrites,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws as `SmtpUserWrites.write` does. */
  write(write: SmtpUserWrite): Promise<Restriction> {
    return this.writes.write(write, (state) => restrictionView(state, this.clock()));
  }
}
