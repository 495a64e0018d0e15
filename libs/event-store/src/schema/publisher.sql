-- Topics that the publisher refills, with its position at the request: up to there it sends nothing else.
CREATE TABLE journal.republishes (
  topic          text COLLATE "C" PRIMARY KEY,
  until_xid      xid8   NOT NULL,
  until_position bigint NOT NULL,
  asked_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON journal.republishes TO postern_feed;

-- Events of these categories that the publisher has not sent to the broker. A consumer of topics cannot see events that
-- wait for an older transaction, so it asks here. It gets only two figures. By the index events_feed (xid, position),
-- up to 100,000 events. Runs as the owner, whose policy lets it see every tenant's events.
CREATE FUNCTION journal.publisher_lag(categories text[]) RETURNS TABLE (events integer, seconds float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*)::integer, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8
    FROM (SELECT e.stream_id, e.recorded_at
            FROM journal.events e
           WHERE (e.xid, e.position) > (
                   SELECT coalesce(max(xid), '0'), coalesce(max(position), 0)
                     FROM journal.checkpoints WHERE consumer = 'publisher' AND source = 'journal')
           ORDER BY e.xid, e.position LIMIT 100000) unsent
   WHERE split_part(stream_id, '/', 1) = ANY (categories)
$$;
GRANT EXECUTE ON FUNCTION journal.publisher_lag TO postern_projection, postern_audit;
