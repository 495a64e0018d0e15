-- The part of journal.append for a batch that does not fit as a whole. It judges and inserts one append after the other,
-- so that each sees those before it. Its caller holds the locks.
CREATE FUNCTION journal.append_in_turn(batch jsonb, recorded timestamptz) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
AS $$
DECLARE
  item record;
  head integer;     -- the stream's version
  skipped jsonb;    -- the append's ids that are there already
  added integer[];  -- its other events, by their index
  outcome text;
  outcomes jsonb := '[]';
BEGIN
  FOR item IN
    SELECT value AS append, value ->> 'streamId' AS stream_id, (value ->> 'expectedVersion')::integer AS expected
      FROM jsonb_array_elements(batch)
  LOOP
    head := coalesce((SELECT max(version) FROM journal.events WHERE stream_id = item.stream_id), 0);
    SELECT coalesce(jsonb_agg(id ORDER BY index) FILTER (WHERE known), '[]'),
           coalesce(array_agg(index ORDER BY index) FILTER (WHERE NOT known), '{}')
      INTO skipped, added
      FROM (SELECT id, index, EXISTS (SELECT FROM journal.events WHERE event_id = id)
                              OR row_number() OVER (PARTITION BY id ORDER BY index) > 1 AS known
              FROM (SELECT (value ->> 'eventId')::uuid AS id, (ordinality - 1)::integer AS index
                      FROM jsonb_array_elements(item.append -> 'events') WITH ORDINALITY) ids) events;

    IF item.expected <> head THEN
      outcome := 'conflict';
      skipped := '[]';
    ELSIF item.expected IS NOT NULL AND skipped <> '[]' THEN
      outcome := 'duplicate';
    ELSE
      outcome := 'appended';
      INSERT INTO journal.events
             (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
      SELECT item.append ->> 'tenantId', item.stream_id, head + place, (e ->> 'eventId')::uuid, e ->> 'type',
             (e ->> 'schemaVersion')::integer, e -> 'data', item.append -> 'metadata', recorded
        FROM unnest(added) WITH ORDINALITY AS event (index, place),
             LATERAL (SELECT item.append -> 'events' -> event.index AS e OFFSET 0) content;
      head := head + cardinality(added);
    END IF;
    outcomes := outcomes || jsonb_build_array(jsonb_build_array(outcome, head, skipped));
  END LOOP;
  RETURN outcomes;
END $$;
GRANT EXECUTE ON FUNCTION journal.append_in_turn TO postern_journal_writer;
