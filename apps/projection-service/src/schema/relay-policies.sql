GRANT USAGE ON SCHEMA projection TO postern_projection, postern_directory_reader, postern_relay_reader;

-- What relays read. A row is one user's ownership of one username. Rows are never deleted, so that the version of the
-- user's last applied event is kept. Of a username's rows, only the one with a revision is sent to relays.
CREATE TABLE projection.relay_policies (
  smtp_user_id uuid    NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL,
  username     text COLLATE "C" NOT NULL,
  mode         text    NOT NULL CHECK (mode IN ('enforce', 'report-only')),
  -- RFC 3339, in one canonical form: the end of report-only. A relay judges it by its own clock.
  enforce_at   text COLLATE "C",
  restricted   boolean NOT NULL,
  -- json, not jsonb: the text is kept, and copied into a relay's line.
  entries      json    NOT NULL,
  -- Of the user's last event that changed the row, and its id: the same version with another id is a conflict.
  version      integer NOT NULL,
  event_id     uuid    NOT NULL,
  -- The journal's position of the event that took the username.
  claimed_at   bigint  NOT NULL,
  removed      boolean NOT NULL,
  digest       bytea   NOT NULL CHECK (octet_length(digest) = 8),
  -- NULL: relays get another user's row for this username.
  revision     bigint,
  PRIMARY KEY (smtp_user_id, username_key),
  CHECK (restricted OR json_array_length(entries) = 0)
);
CREATE UNIQUE INDEX one_published_policy_per_username ON projection.relay_policies (username_key) WHERE revision IS NOT NULL;
-- For relays that catch up.
CREATE UNIQUE INDEX relay_policies_by_revision ON projection.relay_policies (revision);
-- Finds who gets a username after its owner releases it, and its last tombstone.
CREATE INDEX relay_policies_unpublished ON projection.relay_policies (username_key, removed, claimed_at) WHERE revision IS NULL;

-- One row. Each transaction that takes revisions locks it, so revision order is commit order.
CREATE TABLE projection.relay_policy_totals (
  one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  revision bigint  NOT NULL,
  policies integer NOT NULL CHECK (policies >= 0),
  digest   bytea   NOT NULL CHECK (octet_length(digest) = 8)
);
INSERT INTO projection.relay_policy_totals (revision, policies, digest) VALUES (0, 0, '\x0000000000000000');

-- Relay policies up to this revision were written to their topic. 0 writes all of them again, which is always safe,
-- because each message has the complete state.
CREATE TABLE projection.relay_policy_publication (
  one_row    boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  revision   bigint  NOT NULL CHECK (revision >= 0),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
INSERT INTO projection.relay_policy_publication (revision) VALUES (0);

ALTER TABLE projection.relay_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.relay_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.relay_policies TO postern_projection USING (true);
CREATE POLICY every_tenant_to_read ON projection.relay_policies FOR SELECT TO postern_relay_reader USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON projection.relay_policies TO CURRENT_USER USING (true);

ALTER TABLE projection.relay_policy_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.relay_policy_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.relay_policy_totals TO postern_projection USING (true);
CREATE POLICY every_tenant_to_read ON projection.relay_policy_totals FOR SELECT TO postern_relay_reader USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON projection.relay_policy_totals TO CURRENT_USER USING (true);

GRANT SELECT, INSERT, UPDATE ON projection.relay_policies TO postern_projection;
GRANT SELECT, UPDATE ON projection.relay_policy_totals, projection.relay_policy_publication TO postern_projection;
GRANT SELECT ON projection.relay_policies, projection.relay_policy_totals TO postern_relay_reader;
