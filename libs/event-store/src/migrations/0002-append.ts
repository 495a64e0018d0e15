import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `journal.append(batch jsonb) returns jsonb`: the one way in. See `append-request.ts` and `append-outcome.ts` for the shapes.
 *
 * - Locks first, for all streams, in the order of their hashes: two batches can't wait for each other in a circle, and
 *   no xid is taken before the lock is held. An xid taken earlier could come out of the feed before the version below it.
 * - It is VOLATILE, so each statement in it sees what was committed while it waited for the locks.
 * - Appends to one stream are judged one after the other, each upon what the one before left.
 * - Sequential scans are off: the plans are cached, and one that was made while the table was empty would stay for
 *   as long as the connection lives.
 */
export class Append1763900000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(APPEND);
    await runner.query('REVOKE EXECUTE ON FUNCTION journal.append FROM PUBLIC');
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
  item record;
  stream text;
  head integer;                       -- of the stream, with what this batch has added so far
  repeats boolean;                    -- an event id occurs more than once in the batch
  taken uuid[] := '{}';               -- ids added so far; kept only where there are repeats
  skipped uuid[];
  id uuid;
  added_append integer[] := '{}';     -- three columns of the events to insert
  added_event integer[] := '{}';
  added_version integer[] := '{}';
  outcome_append integer[] := '{}';   -- four columns of the answer
  outcome text[] := '{}';
  outcome_version integer[] := '{}';
  outcome_skipped jsonb[] := '{}';
  recorded timestamptz;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'journal.append must come before anything else that writes in its transaction.'
      USING ERRCODE = 'active_sql_transaction';
  END IF;

  PERFORM pg_advisory_xact_lock(key)
     FROM (SELECT DISTINCT hashtextextended(a ->> 'streamId', 8025) AS key
             FROM jsonb_array_elements(batch) a ORDER BY key) keys;

  SELECT count(*) > count(DISTINCT e ->> 'eventId') INTO repeats
    FROM jsonb_array_elements(batch) a, jsonb_array_elements(a -> 'events') e;

  FOR item IN
    SELECT a.index, a.stream_id, a.expected, a.ids,
           (SELECT max(k.version) FROM journal.events k WHERE k.stream_id = a.stream_id) AS head,
           ARRAY(SELECT k.event_id FROM journal.events k WHERE k.event_id = ANY (a.ids)) AS known
      FROM (SELECT (ordinality - 1)::integer AS index, value ->> 'streamId' AS stream_id,
                   (value ->> 'expectedVersion')::integer AS expected,
                   ARRAY(SELECT (e ->> 'eventId')::uuid FROM jsonb_array_elements(value -> 'events') e) AS ids
              FROM jsonb_array_elements(batch) WITH ORDINALITY
            OFFSET 0) a
     ORDER BY a.stream_id, a.index
  LOOP
    IF stream IS DISTINCT FROM item.stream_id THEN
      stream := item.stream_id;
      head := coalesce(item.head, 0);
    END IF;
    skipped := item.known;
    IF repeats THEN
      FOR i IN 1 .. cardinality(item.ids) LOOP
        id := item.ids[i];
        IF id = ANY (item.ids[1 : i - 1]) OR id = ANY (taken) AND id <> ALL (item.known) THEN
          skipped := skipped || id;
        END IF;
      END LOOP;
    END IF;

    outcome_append := outcome_append || item.index;
    IF item.expected IS NOT NULL AND item.expected <> head THEN
      outcome := outcome || 'conflict'::text;
      outcome_skipped := outcome_skipped || '[]'::jsonb;
    ELSIF item.expected IS NOT NULL AND cardinality(skipped) > 0 THEN
      outcome := outcome || 'duplicate'::text;
      outcome_skipped := outcome_skipped || to_jsonb(skipped);
    ELSE
      FOR i IN 1 .. cardinality(item.ids) LOOP
        IF cardinality(skipped) > 0 THEN
          id := item.ids[i];
          CONTINUE WHEN id = ANY (item.known) OR id = ANY (taken) OR id = ANY (item.ids[1 : i - 1]);
        END IF;
        head := head + 1;
        added_append := added_append || item.index;
        added_event := added_event || (i - 1);
        added_version := added_version || head;
      END LOOP;
      IF repeats THEN taken := taken || item.ids; END IF;
      outcome := outcome || 'appended'::text;
      outcome_skipped := outcome_skipped || to_jsonb(skipped);
    END IF;
    outcome_version := outcome_version || head;
  END LOOP;

  recorded := date_trunc('milliseconds', clock_timestamp());
  IF cardinality(added_append) > 0 THEN
    INSERT INTO journal.events
           (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
    SELECT a ->> 'tenantId', a ->> 'streamId', added.version, (e ->> 'eventId')::uuid, e ->> 'type',
           (e ->> 'schemaVersion')::integer, e -> 'data', a -> 'metadata', recorded
      FROM unnest(added_append, added_event, added_version) AS added (append, event, version),
           LATERAL (SELECT batch -> added.append AS a OFFSET 0) appends,
           LATERAL (SELECT a -> 'events' -> added.event AS e OFFSET 0) events;
    PERFORM pg_notify('journal_appended', '');
  END IF;

  RETURN jsonb_build_object(
    'recordedAt', to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'outcomes', (SELECT jsonb_agg(jsonb_build_array(o, v, s) ORDER BY i)
                   FROM unnest(outcome_append, outcome, outcome_version, outcome_skipped) AS answer (i, o, v, s)));
END $$`;
