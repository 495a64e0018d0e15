-- The part of journal.append for a batch that does not fit as a whole. It judges the appends to a stream one after the
-- other, and inserts those that pass. Its caller holds the locks. known: the ids of the batch that the journal has.
-- repeats: an id occurs more than once in the batch.
CREATE FUNCTION journal.append_in_turn(batch jsonb, known uuid[], repeats boolean, recorded timestamptz) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
AS $$
DECLARE
  item record;
  stream text;
  head integer;                       -- of the stream, with what this batch has added so far
  item_ids uuid[];
  skipped uuid[] := '{}';             -- those of the append that are there already
  taken uuid[] := '{}';               -- those that this batch has added; kept only where there are repeats
  added_append integer[] := '{}';     -- three columns of the events to insert
  added_event integer[] := '{}';
  added_version integer[] := '{}';
  outcome_append integer[] := '{}';   -- four columns of the answer
  outcome text[] := '{}';
  outcome_version integer[] := '{}';
  outcome_skipped jsonb[] := '{}';
BEGIN
  FOR item IN
    SELECT a.index, a.stream_id, a.expected, a.events,
           (SELECT max(k.version) FROM journal.events k WHERE k.stream_id = a.stream_id) AS head
      FROM (SELECT (ordinality - 1)::integer AS index, value ->> 'streamId' AS stream_id,
                   (value ->> 'expectedVersion')::integer AS expected, jsonb_array_length(value -> 'events') AS events
              FROM jsonb_array_elements(batch) WITH ORDINALITY
            OFFSET 0) a
     ORDER BY a.stream_id COLLATE "C", a.index
  LOOP
    IF stream IS DISTINCT FROM item.stream_id THEN
      stream := item.stream_id;
      head := coalesce(item.head, 0);
    END IF;
    IF repeats OR cardinality(known) > 0 THEN
      item_ids := ARRAY(SELECT (e ->> 'eventId')::uuid FROM jsonb_array_elements(batch -> item.index -> 'events') e);
      skipped := '{}';
      FOR i IN 1 .. item.events LOOP
        IF item_ids[i] = ANY (known) OR item_ids[i] = ANY (taken) OR item_ids[i] = ANY (item_ids[1 : i - 1]) THEN
          skipped := skipped || item_ids[i];
        END IF;
      END LOOP;
    END IF;

    IF item.expected <> head THEN
      outcome := outcome || 'conflict'::text;
      outcome_skipped := outcome_skipped || '[]'::jsonb;
    ELSIF item.expected IS NOT NULL AND cardinality(skipped) > 0 THEN
      outcome := outcome || 'duplicate'::text;
      outcome_skipped := outcome_skipped || to_jsonb(skipped);
    ELSE
      FOR i IN 1 .. item.events LOOP
        CONTINUE WHEN cardinality(skipped) > 0 AND (item_ids[i] = ANY (known) OR item_ids[i] = ANY (taken)
                                                    OR item_ids[i] = ANY (item_ids[1 : i - 1]));
        head := head + 1;
        added_append := added_append || item.index;
        added_event := added_event || (i - 1);
        added_version := added_version || head;
      END LOOP;
      IF repeats THEN taken := taken || item_ids; END IF;
      outcome := outcome || 'appended'::text;
      outcome_skipped := outcome_skipped || to_jsonb(skipped);
    END IF;
    outcome_append := outcome_append || item.index;
    outcome_version := outcome_version || head;
  END LOOP;

  IF cardinality(added_append) > 0 THEN
    INSERT INTO journal.events
           (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
    SELECT a ->> 'tenantId', a ->> 'streamId', added.version, (e ->> 'eventId')::uuid, e ->> 'type',
           (e ->> 'schemaVersion')::integer, e -> 'data', a -> 'metadata', recorded
      FROM unnest(added_append, added_event, added_version) AS added (append, event, version),
           LATERAL (SELECT batch -> added.append AS a OFFSET 0) appends,
           LATERAL (SELECT a -> 'events' -> added.event AS e OFFSET 0) events;
  END IF;

  RETURN (SELECT jsonb_agg(jsonb_build_array(o, v, s) ORDER BY i)
            FROM unnest(outcome_append, outcome, outcome_version, outcome_skipped) AS answer (i, o, v, s));
END $$;
GRANT EXECUTE ON FUNCTION journal.append_in_turn TO postern_journal_writer;
