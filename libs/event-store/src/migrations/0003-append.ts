import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `journal.append(batch jsonb) returns jsonb`: the one way in. See `append-request.ts` and `append-outcome.ts` for the shapes.
 *
 * - Locks first, for all streams, in the order of their hashes: two batches can't wait for each other in a circle, and
 *   no xid is taken before the lock is held. An xid taken earlier could come out of the feed before the version below it.
 * - It is VOLATILE, so each statement in it sees what was committed while it waited for the locks.
 * - The usual batch, of new events for streams that occur in it once and stand where they were expected, is judged as a
 *   whole and inserted at once: a sixth more appends a second than the way in turn. Ids are looked up only where an
 *   append says `idsAreGiven`, an eighth of the time; an id that was just made is not known.
 * - Sequential scans are off: the plans are cached, and one that was made while the table was empty would stay for
 *   as long as the connection lives.
 */
export class Append1763900000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(APPEND);
    await runner.query('GRANT EXECUTE ON FUNCTION journal.append TO postern_journal_writer');
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}

const APPEND = `
CREATE FUNCTION journal.append(batch jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  streams integer;       -- how many different ones (fewer, where hashes collide)
  fits boolean;          -- streams occur once, and stand where they were expected
  given boolean;         -- not all ids were just made: some may be known
  ids uuid[];            -- of all events in the batch
  known uuid[] := '{}';  -- those that the journal has
  repeats boolean := false; -- one occurs more than once in the batch
  heads integer[];       -- by append: the stream's version before it
  versions integer[];    -- and after it
  outcomes jsonb;
  recorded timestamptz;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'journal.append must come before anything else that writes in its transaction.'
      USING ERRCODE = 'active_sql_transaction';
  END IF;

  PERFORM pg_advisory_xact_lock(key)
     FROM (SELECT DISTINCT hashtextextended(a ->> 'streamId', 8025) AS key
             FROM jsonb_array_elements(batch) a ORDER BY key) keys;
  GET DIAGNOSTICS streams = ROW_COUNT;

  -- No DISTINCT and no ORDER BY among these: PostgreSQL would sort the input for all of them, and with it the arrays.
  SELECT count(*) = streams AND bool_and(coalesce(j.expected = j.head, true)), bool_or(j.given),
         array_agg(j.head), array_agg(j.head + j.events)
    INTO fits, given, heads, versions
    FROM (SELECT a.*, coalesce((SELECT max(k.version) FROM journal.events k WHERE k.stream_id = a.stream_id), 0) AS head
            FROM (SELECT value ->> 'streamId' AS stream_id, (value ->> 'expectedVersion')::integer AS expected,
                         jsonb_array_length(value -> 'events') AS events, value ? 'idsAreGiven' AS given
                    FROM jsonb_array_elements(batch) OFFSET 0) a) j;

  IF given THEN
    SELECT array_agg(x.id), count(*) > count(DISTINCT x.id) INTO ids, repeats
      FROM (SELECT (e ->> 'eventId')::uuid AS id
              FROM jsonb_array_elements(batch) a, jsonb_array_elements(a -> 'events') e) x;
    -- One descent for all: they are UUIDv7, and lie side by side in the index.
    known := ARRAY(SELECT k.event_id FROM journal.events k WHERE k.event_id = ANY (ids));
  END IF;

  recorded := date_trunc('milliseconds', clock_timestamp());
  IF fits AND NOT repeats AND cardinality(known) = 0 THEN
    INSERT INTO journal.events
           (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
    SELECT a.value ->> 'tenantId', a.value ->> 'streamId', heads[a.ordinality] + e.ordinality,
           (e.value ->> 'eventId')::uuid, e.value ->> 'type', (e.value ->> 'schemaVersion')::integer,
           e.value -> 'data', a.value -> 'metadata', recorded
      FROM jsonb_array_elements(batch) WITH ORDINALITY a,
           jsonb_array_elements(a.value -> 'events') WITH ORDINALITY e;
  ELSE
    outcomes := journal.append_in_turn(batch, known, repeats, recorded);
  END IF;

  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    PERFORM pg_notify('journal_appended', '');
  END IF;
  RETURN jsonb_build_object(
    'recordedAt', to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'versions', to_jsonb(versions), 'outcomes', outcomes);
END $$`;
