import { Body, Controller, Delete, Inject, Param, Post, Put } from '@nestjs/common';
import type { EntryId } from '@postern/contracts';
import { restrictionView as shown, type Restriction, type SmtpUserCommand } from '@postern/restrictions';
import {
  Allow,
  enforceAtSchema,
  entriesSchema,
  json,
  LongBody,
  modeSchema,
  restrictionView,
  SERVER_LIMITS,
  type Documentation,
} from '@postern/http';
import { z } from 'zod';
import { ChangeSmtpUser } from '../smtp-user/change-smtp-user.js';
import { TargetOf, type Target } from '../smtp-user/target.js';
import { Write, Writes } from '../write/writes.js';

const AddEntriesBody = z.strictObject({ entries: entriesSchema });
const ReplaceBody = z.strictObject({
  entries: entriesSchema,
  mode: modeSchema.optional().meta({ description: 'Without it, the mode and its `enforceAt` stay.' }),
  enforceAt: enforceAtSchema,
});
const ModeBody = z.strictObject({ mode: modeSchema, enforceAt: enforceAtSchema });

const changing = (summary: string, more: Partial<Documentation> = {}): Documentation => ({
  tag: 'Restrictions',
  summary,
  takes: ['If-Match', 'Postern-Guard'],
  answer: json(restrictionView),
  responseHeaders: ['ETag', 'Postern-Version'],
  ...more,
});

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction')
@Allow('admin')
export class RestrictionController {
  constructor(@Inject(Writes) private readonly writes: Writes) {}

  @Post('entries')
  @LongBody(SERVER_LIMITS.bodyBytes)
  @Write(changing('Add entries; an expired entry of the same range is renewed', { status: 201 }))
  addEntries(
    @TargetOf() target: Target,
    @Body({ schema: AddEntriesBody }) { entries }: z.infer<typeof AddEntriesBody>,
  ): Promise<Restriction> {
    return this.change(target, { type: 'AddEntries', entries });
  }

  @Delete('entries/:entryId')
  @Write(changing('Remove an entry', { problems: ['entry-not-found', 'last-entry'] }))
  removeEntry(@TargetOf() target: Target, @Param('entryId') entryId: EntryId): Promise<Restriction> {
    return this.change(target, { type: 'RemoveEntry', entryId });
  }

  @Put()
  @LongBody(SERVER_LIMITS.bodyBytes)
  @Write(
    changing('Replace all entries', {
      problems: ['restriction-empty', 'if-match-required'],
      needs: ['If-Match'],
    }),
  )
  replaceRestriction(
    @TargetOf('if-match-required') target: Target,
    @Body({ schema: ReplaceBody }) body: z.infer<typeof ReplaceBody>,
  ): Promise<Restriction> {
    return this.change(target, { type: 'ReplaceRestriction', ...body });
  }

  @Delete()
  @Write(changing('Clear the restriction: the user may log in from anywhere again', { takes: ['If-Match'] }))
  clearRestriction(@TargetOf() target: Target): Promise<Restriction> {
    return this.change(target, { type: 'ClearRestriction' });
  }

  @Put('mode')
  @Write(changing('Change the mode'))
  changeMode(
    @TargetOf() target: Target,
    @Body({ schema: ModeBody }) body: z.infer<typeof ModeBody>,
  ): Promise<Restriction> {
    return this.change(target, { type: 'ChangeMode', ...body });
  }

  private change(target: Target, command: SmtpUserCommand): Promise<Restriction> {
    return this.writes.carryOut(target.context, new ChangeSmtpUser(target, command, shown));
  }
}
