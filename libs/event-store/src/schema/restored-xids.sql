-- What the owner calls after a logical restore (pg_restore into another cluster). It uses up transaction ids until the
-- cluster's are past those in the journal, some 100,000 a second; the events and the consumers' checkpoints stay as they
-- are. Not inside a transaction: each id is one.
CREATE PROCEDURE journal.catch_up_with_restored_xids() LANGUAGE plpgsql AS $$
DECLARE
  last xid8;
BEGIN
  SELECT max(xid) INTO last FROM journal.events;
  -- Nothing is written, so nothing would be lost with them.
  PERFORM set_config('synchronous_commit', 'off', false);
  WHILE pg_current_xact_id() <= last LOOP
    COMMIT;
  END LOOP;
  COMMIT;
  PERFORM set_config('synchronous_commit', 'on', false);
END $$;
