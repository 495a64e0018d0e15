-- The part of journal.append for a batch that does not fit as a whole. It judges and inserts one append after the other,
-- so that each sees those before it. Its caller holds the locks.
CREATE FUNCTION journal.append_in_turn(batch jsonb, recorded timestamptz) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
AS $$
DECLARE
  item record;
  head integer;     -- the stream's version
  ids uuid[];       -- of the append's events
  known uuid[];     -- those that the journal has
  skipped jsonb;    -- those, and those that occur again in the append
  added integer[];  -- the other events, counted from 1
  outcome text;
  outcomes jsonb[] := '{}';
BEGIN
  FOR item IN
    SELECT value AS append, value ->> 'streamId' AS stream_id, (value ->> 'expectedVersion')::integer AS expected
      FROM jsonb_array_elements(batch)
  LOOP
    head := coalesce((SELECT max(version) FROM journal.events WHERE stream_id = item.stream_id), 0);
    ids := ARRAY(SELECT (value ->> 'eventId')::uuid FROM jsonb_array_elements(item.append -> 'events'));
    known := ARRAY(SELECT event_id FROM journal.events WHERE event_id = ANY (ids));
    SELECT coalesce(jsonb_agg(id ORDER BY place) FILTER (WHERE is_known), '[]'),
           coalesce(array_agg(place ORDER BY place) FILTER (WHERE NOT is_known), '{}')
      INTO skipped, added
      FROM (SELECT id, place, id = ANY (known) OR id = ANY (ids[: place - 1]) AS is_known
              FROM unnest(ids) WITH ORDINALITY AS event (id, place)) events;

    IF item.expected <> head THEN
      outcome := 'conflict';
      skipped := '[]';
    ELSIF item.expected IS NOT NULL AND skipped <> '[]' THEN
      outcome := 'duplicate';
    ELSE
      outcome := 'appended';
      INSERT INTO journal.events
             (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
      SELECT item.append ->> 'tenantId', item.stream_id, head + next.count, ids[next.place], e ->> 'type',
             (e ->> 'schemaVersion')::integer, e -> 'data', item.append -> 'metadata', recorded
        FROM unnest(added) WITH ORDINALITY AS next (place, count),
             LATERAL (SELECT item.append -> 'events' -> next.place - 1 AS e OFFSET 0) event;
      head := head + cardinality(added);
    END IF;
    outcomes := outcomes || jsonb_build_array(outcome, head, skipped);
  END LOOP;
  RETURN to_jsonb(outcomes);
END $$;
GRANT EXECUTE ON FUNCTION journal.append_in_turn TO postern_journal_writer;
