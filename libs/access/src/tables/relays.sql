-- Relays with contact in the last day, as reported by the processes that serve them. Unlogged: rows lost in a crash are
-- reported again.
CREATE UNLOGGED TABLE access.relays (
  key_id          text COLLATE "C" NOT NULL,
  name            text COLLATE "C" NOT NULL,
  client          text,
  last_contact_at timestamptz(3) NOT NULL,
  -- Of the last opened stream; NULL: none.
  instance        text COLLATE "C",
  connected_at    timestamptz(3),
  stream_seen_at  timestamptz(3), -- not renewed after the stream has ended
  revision        bigint,         -- the stream was written up to here
  behind          bigint,
  denials_waiting integer,
  PRIMARY KEY (key_id, name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.relays TO postern_access;
