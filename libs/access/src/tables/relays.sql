-- The relays that had contact within a day, as the processes that they are connected to last reported them.
-- Unlogged: what a crash of the database takes is reported again.
CREATE UNLOGGED TABLE access.relays (
  key_id          text COLLATE "C" NOT NULL,
  name            text COLLATE "C" NOT NULL,
  client          text,
  last_contact_at timestamptz(3) NOT NULL,
  -- Of the stream that was opened last; NULL where there was none.
  instance        text COLLATE "C",
  connected_at    timestamptz(3),
  stream_seen_at  timestamptz(3), -- NULL since the stream has ended
  revision        bigint,         -- up to which the stream was written
  behind          bigint,
  denials_waiting integer,
  PRIMARY KEY (key_id, name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.relays TO postern_access;
