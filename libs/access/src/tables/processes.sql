-- What each process of a service last reported, every few seconds, for operators. Unlogged: what a crash of the database takes
-- is reported again.
CREATE UNLOGGED TABLE access.processes (
  service  text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL, -- host:port
  report   json NOT NULL,             -- {version, commit, missing, consumers}
  seen_at  timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (service, instance)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.processes TO postern_access;
