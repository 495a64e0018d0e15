import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `journal.append_before(batch jsonb, not_after timestamptz)`: `journal.append` that takes effect by a moment of the database's clock, or
 * never. A time-out that the database counts is not enough: it begins when the statement arrives, and a network that was cut, or a server
 * that was frozen, delivers it long after its caller was answered 503. `transaction_timeout` (PostgreSQL 17) bounds the rest: the wait for
 * locks, and a COMMIT that does not arrive. It ends the session: SQLSTATE 25P04, as here.
 */
export class AppendBefore1764000000041 implements MigrationInterface {
  readonly name = 'AppendBefore1764000000041';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        IF current_setting('server_version_num')::integer < 170000 THEN
          RAISE EXCEPTION 'Postern needs PostgreSQL 17 or newer, and this is %.', current_setting('server_version')
            USING HINT = 'Update the server, or leave POSTERN_DATABASE_URL out to use the embedded PostgreSQL.';
        END IF;
      END $$;
      CREATE FUNCTION journal.append_before(batch jsonb, not_after timestamptz) RETURNS jsonb
        LANGUAGE plpgsql VOLATILE SECURITY INVOKER
      AS $$
      DECLARE
        left_ms integer := ceil(extract(epoch FROM not_after - clock_timestamp()) * 1000);
      BEGIN
        IF left_ms <= 0 THEN
          RAISE EXCEPTION 'The append arrived after its time. Nothing was appended.' USING ERRCODE = 'transaction_timeout';
        END IF;
        PERFORM set_config('transaction_timeout', left_ms::text, true);
        RETURN journal.append(batch);
      END $$;
      GRANT EXECUTE ON FUNCTION journal.append_before TO postern_journal_writer`);
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}
