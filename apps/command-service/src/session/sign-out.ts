import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { SessionId } from '@postern/contracts';
import type { DataSource } from 'typeorm';

export class SignOut extends Command<void> {
  constructor(readonly sessionId: SessionId) {
    super();
  }
}

@CommandHandler(SignOut)
export class SignOutHandler implements ICommandHandler<SignOut> {
  constructor(@InjectDataSource('postern_journal_writer') private readonly writer: DataSource) {}

  async execute({ sessionId }: SignOut): Promise<void> {
    await this.writer.query('DELETE FROM access.sessions WHERE id = $1', [sessionId]);
  }
}
