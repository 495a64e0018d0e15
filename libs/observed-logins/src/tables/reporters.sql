-- The relays that report logins. One without a login sends an empty batch each hour.
CREATE TABLE logins.reporters (
  key_id            text COLLATE "C" NOT NULL,
  relay             text COLLATE "C" NOT NULL,
  first_reported_at timestamptz(3)   NOT NULL DEFAULT now(),
  last_reported_at  timestamptz(3)   NOT NULL DEFAULT now(),
  PRIMARY KEY (key_id, relay)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON logins.reporters TO postern_logins_writer;
GRANT SELECT ON logins.reporters TO postern_logins_reader, postern_audit_reader;

-- To find the relays that have contact but report no logins (`silentRelays`).
GRANT USAGE ON SCHEMA access TO postern_logins_reader, postern_audit_reader;
GRANT SELECT (key_id, name, last_contact_at) ON access.relays TO postern_logins_reader, postern_audit_reader;
