-- Events with a field that no column accepts, and foreign or broken messages of a broker. They are stored here so that
-- they do not stop later ones. Nothing is ever deleted.
CREATE TABLE audit.dead_letters (
  id           uuid        PRIMARY KEY DEFAULT uuidv7(), -- the event's, if there is one: it is dead-lettered once
  consumer     text COLLATE "C" NOT NULL,
  topic        text COLLATE "C" NOT NULL,
  partition    integer,              -- NULL with the offset: it came from the journal's feed, or as a readable message
  "offset"     bigint,
  tenant_id    text        COLLATE "C",
  reason       text        NOT NULL, -- why it was dead-lettered; after a retry, why it still is
  event        jsonb,                -- the complete event, or the message as received:
  key          bytea,
  value        bytea,
  state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'settled', 'discarded')),
  dead_lettered_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  retried_at   timestamptz,
  retries      integer     NOT NULL DEFAULT 0,
  last_action  json                  -- {action, at, actor, requestId, machineUser}: the last retry or discard
);
-- Lists the few that wait, oldest first, and counts them at each scrape.
CREATE INDEX dead_letters_that_wait ON audit.dead_letters (dead_lettered_at, id) WHERE state = 'waiting';

GRANT SELECT, INSERT, UPDATE ON audit.dead_letters TO postern_audit;
