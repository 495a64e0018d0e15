-- The last report of each process, every few seconds, for operators. Unlogged: rows lost in a crash are reported again.
CREATE UNLOGGED TABLE access.processes (
  service  text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL, -- host:port
  report   json NOT NULL,             -- {version, commit, missing, consumers}
  seen_at  timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (service, instance)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.processes TO postern_access;
