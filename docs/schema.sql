-- Written by `npm run schema`: the database as the migrations leave it.

CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO postern_access;
GRANT USAGE ON SCHEMA access TO postern_audit_reader;
GRANT USAGE ON SCHEMA access TO postern_command;
GRANT USAGE ON SCHEMA access TO postern_journal_writer;
GRANT USAGE ON SCHEMA access TO postern_logins_reader;

CREATE TABLE access.api_keys (
  id text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C",
  role text NOT NULL,
  name text NOT NULL,
  secret_hash bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  CONSTRAINT api_keys_check CHECK (((tenant_id IS NULL) = (role = ANY (ARRAY['operator'::text, 'relay'::text])))),
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['operator'::text, 'admin'::text, 'auditor'::text, 'relay'::text]))),
  CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES access.tenants(tenant_id)
);
CREATE INDEX api_keys_of_tenant ON access.api_keys USING btree (tenant_id, created_at DESC, id DESC);
ALTER TABLE access.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.api_keys AS PERMISSIVE FOR ALL TO postern_access, postern_journal_writer
  USING (true);
CREATE POLICY own_tenant ON access.api_keys AS PERMISSIVE FOR ALL TO postern_command
  USING ((tenant_id = current_setting('postern.tenant_id'::text, true)));
CREATE POLICY owner ON access.api_keys AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT, UPDATE (last_used_at) ON TABLE access.api_keys TO postern_access;
GRANT SELECT (created_at), SELECT (id), SELECT (last_used_at), SELECT (name), SELECT (revoked_at), SELECT (role), SELECT (tenant_id) ON TABLE access.api_keys TO postern_command;
GRANT INSERT, SELECT (id), SELECT (revoked_at), SELECT (role), SELECT (tenant_id), UPDATE (revoked_at) ON TABLE access.api_keys TO postern_journal_writer;

CREATE TABLE access.idempotency_keys (
  caller_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  request_hash bytea NOT NULL,
  sealed_answer bytea NOT NULL,
  created_at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller_id, idempotency_key),
  CONSTRAINT idempotency_keys_request_hash_check CHECK ((octet_length(request_hash) = 32))
);
CREATE INDEX idempotency_keys_by_age ON access.idempotency_keys USING btree (created_at);
ALTER TABLE access.idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.idempotency_keys AS PERMISSIVE FOR ALL TO postern_journal_writer
  USING (true);
CREATE POLICY owner ON access.idempotency_keys AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE access.idempotency_keys TO postern_journal_writer;

CREATE UNLOGGED TABLE access.processes (
  service text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL,
  report json NOT NULL,
  seen_at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT processes_pkey PRIMARY KEY (service, instance)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE access.processes TO postern_access;

CREATE UNLOGGED TABLE access.relays (
  key_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  client text,
  last_contact_at timestamp(3) with time zone NOT NULL,
  instance text COLLATE "C",
  connected_at timestamp(3) with time zone,
  stream_seen_at timestamp(3) with time zone,
  revision bigint,
  behind bigint,
  denials_waiting integer,
  CONSTRAINT relays_pkey PRIMARY KEY (key_id, name)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE access.relays TO postern_access;
GRANT SELECT (key_id), SELECT (last_contact_at), SELECT (name) ON TABLE access.relays TO postern_audit_reader;
GRANT SELECT (key_id), SELECT (last_contact_at), SELECT (name) ON TABLE access.relays TO postern_logins_reader;

CREATE TABLE access.sessions (
  id uuid NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  secret_hash bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT sessions_check CHECK ((expires_at <= (created_at + '168:00:00'::interval))),
  CONSTRAINT sessions_key_id_fkey FOREIGN KEY (key_id) REFERENCES access.api_keys(id),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);
CREATE INDEX sessions_by_end ON access.sessions USING btree (expires_at);
CREATE INDEX sessions_of_key ON access.sessions USING btree (key_id, created_at DESC, id DESC);
ALTER TABLE access.sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.sessions AS PERMISSIVE FOR ALL TO postern_access, postern_journal_writer
  USING (true);
CREATE POLICY owner ON access.sessions AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT, UPDATE (expires_at) ON TABLE access.sessions TO postern_access;
GRANT DELETE, INSERT, SELECT (created_at), SELECT (expires_at), SELECT (id), SELECT (key_id) ON TABLE access.sessions TO postern_journal_writer;

CREATE TABLE access.sign_in_codes (
  code_hash bytea NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT sign_in_codes_check CHECK ((expires_at <= (created_at + '00:15:00'::interval))),
  CONSTRAINT sign_in_codes_code_hash_check CHECK ((octet_length(code_hash) = 32)),
  CONSTRAINT sign_in_codes_key_id_fkey FOREIGN KEY (key_id) REFERENCES access.api_keys(id),
  CONSTRAINT sign_in_codes_pkey PRIMARY KEY (code_hash)
);
CREATE INDEX sign_in_codes_by_end ON access.sign_in_codes USING btree (expires_at);
CREATE INDEX sign_in_codes_of_key ON access.sign_in_codes USING btree (key_id, created_at DESC);
ALTER TABLE access.sign_in_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.sign_in_codes AS PERMISSIVE FOR ALL TO postern_access, postern_journal_writer
  USING (true);
CREATE POLICY owner ON access.sign_in_codes AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT (code_hash), SELECT (expires_at) ON TABLE access.sign_in_codes TO postern_access;
GRANT DELETE, INSERT, SELECT ON TABLE access.sign_in_codes TO postern_journal_writer;

CREATE TABLE access.tenant_replies (
  tenant_id text COLLATE "C" NOT NULL,
  reply json NOT NULL,
  version integer NOT NULL,
  revision bigint NOT NULL,
  CONSTRAINT tenant_replies_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT tenant_replies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES access.tenants(tenant_id)
);
CREATE UNIQUE INDEX tenant_replies_by_revision ON access.tenant_replies USING btree (revision);
ALTER TABLE access.tenant_replies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.tenant_replies AS PERMISSIVE FOR ALL TO postern_journal_writer
  USING (true);
CREATE POLICY every_tenant_to_read ON access.tenant_replies AS PERMISSIVE FOR SELECT TO postern_access
  USING (true);
CREATE POLICY own_tenant ON access.tenant_replies AS PERMISSIVE FOR ALL TO postern_command
  USING ((tenant_id = current_setting('postern.tenant_id'::text, true)));
CREATE POLICY owner ON access.tenant_replies AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE access.tenant_replies TO postern_access;
GRANT SELECT ON TABLE access.tenant_replies TO postern_command;
GRANT INSERT, SELECT, UPDATE (reply), UPDATE (revision), UPDATE (version) ON TABLE access.tenant_replies TO postern_journal_writer;

CREATE TABLE access.tenants (
  tenant_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE access.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.tenants AS PERMISSIVE FOR ALL TO postern_access, postern_journal_writer
  USING (true);
CREATE POLICY own_tenant ON access.tenants AS PERMISSIVE FOR ALL TO postern_command
  USING ((tenant_id = current_setting('postern.tenant_id'::text, true)));
CREATE POLICY owner ON access.tenants AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE access.tenants TO postern_access;
GRANT SELECT ON TABLE access.tenants TO postern_command;
GRANT INSERT, SELECT ON TABLE access.tenants TO postern_journal_writer;

CREATE TABLE access.usernames (
  username_key text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  smtp_user_id uuid NOT NULL,
  claimed_at timestamp(3) with time zone NOT NULL,
  released_at timestamp(3) with time zone,
  CONSTRAINT usernames_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES access.tenants(tenant_id)
);
CREATE UNIQUE INDEX username_unique ON access.usernames USING btree (username_key) WHERE (released_at IS NULL);
CREATE INDEX usernames_by_key ON access.usernames USING btree (username_key, claimed_at DESC);
CREATE INDEX usernames_of_user ON access.usernames USING btree (smtp_user_id) WHERE (released_at IS NULL);
ALTER TABLE access.usernames ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON access.usernames AS PERMISSIVE FOR ALL TO postern_access, postern_journal_writer
  USING (true);
CREATE POLICY own_tenant ON access.usernames AS PERMISSIVE FOR ALL TO postern_command
  USING ((tenant_id = current_setting('postern.tenant_id'::text, true)));
CREATE POLICY owner ON access.usernames AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE access.usernames TO postern_command;
GRANT INSERT, SELECT, UPDATE (released_at) ON TABLE access.usernames TO postern_journal_writer;

CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO postern_audit;
GRANT USAGE ON SCHEMA audit TO postern_audit_reader;

CREATE TABLE audit.changes (
  "position" bigint NOT NULL,
  event_id uuid NOT NULL,
  occurred_at timestamp(3) with time zone NOT NULL,
  smtp_user_id uuid,
  version integer NOT NULL,
  type text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C",
  username text COLLATE "C",
  actor json NOT NULL,
  request_id text NOT NULL,
  data json NOT NULL,
  before json,
  after json,
  state jsonb,
  actor_key_id text COLLATE "C" DEFAULT (actor ->> 'keyId'::text),
  actor_name text COLLATE "C" DEFAULT (actor ->> 'name'::text),
  CONSTRAINT changes_pkey PRIMARY KEY ("position")
);
CREATE INDEX changes_by_key ON audit.changes USING btree (tenant_id, actor_key_id, occurred_at, "position");
CREATE INDEX changes_by_name ON audit.changes USING btree (tenant_id, actor_name, occurred_at, "position");
CREATE INDEX changes_of_api_key ON audit.changes USING btree (((data ->> 'keyId'::text))) WHERE (type = 'ApiKeyIssued'::text);
CREATE INDEX changes_of_smtp_user ON audit.changes USING btree (smtp_user_id, occurred_at, "position") WHERE (smtp_user_id IS NOT NULL);
CREATE INDEX changes_of_tenant ON audit.changes USING btree (tenant_id, occurred_at, "position");
CREATE INDEX changes_with_state ON audit.changes USING btree (smtp_user_id, occurred_at) WHERE (state IS NOT NULL);
ALTER TABLE audit.changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.changes AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY of_no_tenant ON audit.changes AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING (((tenant_id IS NULL) AND (( SELECT current_setting('postern.of_no_tenant'::text, true) AS current_setting) = 'yes'::text)));
CREATE POLICY own_tenant ON audit.changes AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.changes AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT ON TABLE audit.changes TO postern_audit;
GRANT SELECT ON TABLE audit.changes TO postern_audit_reader;

CREATE TABLE audit.checkpoints (
  consumer text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  xid xid8 DEFAULT '0'::xid8 NOT NULL,
  "position" bigint DEFAULT 0 NOT NULL,
  broker_offset bigint,
  event_id uuid,
  updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT checkpoints_broker_offset_check CHECK ((broker_offset >= 0)),
  CONSTRAINT checkpoints_pkey PRIMARY KEY (consumer, source)
) WITH (fillfactor=50);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE audit.checkpoints TO postern_audit;

CREATE TABLE audit.dead_letters (
  id uuid DEFAULT uuidv7() NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  topic text COLLATE "C" NOT NULL,
  partition integer,
  "offset" bigint,
  tenant_id text COLLATE "C",
  reason text NOT NULL,
  event jsonb,
  key bytea,
  value bytea,
  state text DEFAULT 'waiting'::text NOT NULL,
  dead_lettered_at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
  retried_at timestamp with time zone,
  retries integer DEFAULT 0 NOT NULL,
  last_action json,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
  CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'settled'::text, 'discarded'::text])))
);
CREATE INDEX dead_letters_that_wait ON audit.dead_letters USING btree (dead_lettered_at, id) WHERE (state = 'waiting'::text);
ALTER TABLE audit.dead_letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.dead_letters AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.dead_letters AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.dead_letters AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT, UPDATE ON TABLE audit.dead_letters TO postern_audit;
GRANT SELECT ON TABLE audit.dead_letters TO postern_audit_reader;

CREATE TABLE audit.denial_arrivals (
  tenant_id text COLLATE "C" NOT NULL,
  arrival bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  arrived_at timestamp with time zone DEFAULT now() NOT NULL,
  smtp_user_ids uuid[] NOT NULL,
  occurred_at timestamp with time zone[] NOT NULL,
  ids uuid[] NOT NULL,
  CONSTRAINT denial_arrivals_pkey PRIMARY KEY (tenant_id, arrival)
);
ALTER TABLE audit.denial_arrivals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.denial_arrivals AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.denial_arrivals AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.denial_arrivals AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT DELETE, INSERT, SELECT ON TABLE audit.denial_arrivals TO postern_audit;
GRANT SELECT ON TABLE audit.denial_arrivals TO postern_audit_reader;

CREATE TABLE audit.denial_retention (
  only_row boolean DEFAULT true NOT NULL,
  kept_from timestamp with time zone NOT NULL,
  dropped_before timestamp with time zone NOT NULL,
  CONSTRAINT denial_retention_only_row_check CHECK (only_row),
  CONSTRAINT denial_retention_pkey PRIMARY KEY (only_row)
);
GRANT SELECT, UPDATE (dropped_before), UPDATE (kept_from) ON TABLE audit.denial_retention TO postern_audit;
GRANT SELECT ON TABLE audit.denial_retention TO postern_audit_reader;

CREATE TABLE audit.denials (
  id uuid NOT NULL,
  occurred_at timestamp(3) with time zone NOT NULL,
  recorded_at timestamp(3) with time zone NOT NULL,
  "position" bigint NOT NULL,
  smtp_user_id uuid NOT NULL,
  count integer NOT NULL,
  refused boolean NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  username text COLLATE "C" NOT NULL,
  ip text NOT NULL,
  address inet,
  relay text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  mode text NOT NULL,
  CONSTRAINT denials_count_check CHECK ((count > 0)),
  CONSTRAINT denials_pkey PRIMARY KEY (smtp_user_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX denials_let_through ON ONLY audit.denials USING btree (tenant_id, occurred_at, id) WHERE (NOT refused);
CREATE INDEX denials_of_address ON ONLY audit.denials USING btree (tenant_id, address, occurred_at, id);
CREATE INDEX denials_of_rare_reason ON ONLY audit.denials USING btree (tenant_id, reason, occurred_at, id) WHERE (reason <> 'ip-not-authorized'::text);
CREATE INDEX denials_of_relay ON ONLY audit.denials USING btree (tenant_id, relay, occurred_at, id);
CREATE INDEX denials_of_tenant ON ONLY audit.denials USING btree (tenant_id, occurred_at, id);
CREATE STATISTICS audit.denials_tenant_id_smtp_user_id_stat (dependencies) ON smtp_user_id, tenant_id FROM audit.denials;
ALTER TABLE audit.denials ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.denials AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.denials AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.denials AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT ON TABLE audit.denials TO postern_audit;
GRANT SELECT ON TABLE audit.denials TO postern_audit_reader;

CREATE TABLE audit.denials_of_no_month PARTITION OF audit.denials DEFAULT;
CREATE STATISTICS audit.denials_of_no_month_tenant_id_smtp_user_id_stat (dependencies) ON smtp_user_id, tenant_id FROM audit.denials_of_no_month;
ALTER TABLE audit.denials_of_no_month ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON audit.denials_of_no_month AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);

CREATE TABLE audit.denied_ips (
  smtp_user_id uuid NOT NULL,
  count bigint NOT NULL,
  first_denied_at timestamp(3) with time zone NOT NULL,
  last_denied_at timestamp(3) with time zone NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  ip text COLLATE "C" NOT NULL,
  address inet,
  relays text[] NOT NULL,
  reasons text[] NOT NULL,
  last_position bigint NOT NULL,
  CONSTRAINT denied_ips_count_check CHECK ((count > 0))
);
CREATE UNIQUE INDEX denied_ip_stands_once ON audit.denied_ips USING btree (smtp_user_id, address, ip) NULLS NOT DISTINCT;
CREATE INDEX denied_ips_of_address ON audit.denied_ips USING btree (tenant_id, address, smtp_user_id);
CREATE INDEX denied_ips_of_user ON audit.denied_ips USING btree (smtp_user_id, last_denied_at, ip);
ALTER TABLE audit.denied_ips ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.denied_ips AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.denied_ips AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.denied_ips AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT, UPDATE ON TABLE audit.denied_ips TO postern_audit;
GRANT SELECT ON TABLE audit.denied_ips TO postern_audit_reader;

CREATE OR REPLACE FUNCTION audit.drop_old_denials(before timestamp with time zone, OUT months text[], OUT rows integer)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '200ms'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  monthless regclass;
  month     record;
BEGIN
  months := '{}';
  rows := 0;
  IF before > now() - interval '12 hours' THEN
    RAISE EXCEPTION 'Denials of the last twelve hours are not dropped.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(8025023) THEN RETURN; END IF;

  SELECT partdefid::regclass INTO monthless FROM pg_partitioned_table WHERE partrelid = 'audit.denials'::regclass;
  EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE occurred_at < $1 LIMIT 100000))',
                 monthless) USING before;
  GET DIAGNOSTICS rows = ROW_COUNT;
  FOR month IN
    SELECT p.partition, to_char(p.ends - interval '1 day', 'YYYY-MM') AS name
      FROM (SELECT c.oid::regclass AS partition,
                   substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz AS ends
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'audit.denials'::regclass) p
     WHERE p.ends <= before ORDER BY p.ends
  LOOP
    EXECUTE format('DROP TABLE %s', month.partition);
    months := months || month.name;
  END LOOP;
END $function$;
GRANT EXECUTE ON ROUTINE audit.drop_old_denials(timestamp with time zone) TO postern_audit;

CREATE TABLE audit.entries (
  smtp_user_id uuid NOT NULL,
  "position" bigint NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  entry json NOT NULL,
  CONSTRAINT entries_pkey PRIMARY KEY (smtp_user_id, "position")
);
ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.entries AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.entries AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.entries AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE audit.entries TO postern_audit;
GRANT SELECT ON TABLE audit.entries TO postern_audit_reader;

CREATE OR REPLACE FUNCTION audit.prepare_denial_month(day date)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
DECLARE
  month      timestamp := date_trunc('month', day::timestamp);
  partition  name := 'denials_' || to_char(month, 'YYYY_MM');
  first      timestamptz := month AT TIME ZONE 'UTC';
  after_last timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relname = partition) THEN RETURN; END IF;
  -- Of two that make the same month, one waits here and then finds it. Looked up by SQL: to_regclass would answer out
  -- of a cache that waiting for this lock does not renew.
  PERFORM pg_advisory_xact_lock(hashtextextended('audit.prepare_denial_month', 8025));
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relname = partition) THEN RETURN; END IF;

  EXECUTE format('CREATE TABLE audit.%I (LIKE audit.denials INCLUDING ALL)', partition);
  LOCK TABLE audit.denials_of_no_month IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM audit.denials_of_no_month WHERE occurred_at >= $1 AND occurred_at < $2 RETURNING *)
                  INSERT INTO audit.%I SELECT * FROM moved', partition) USING first, after_last;
  EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition);
  EXECUTE format('CREATE POLICY owner ON audit.%I TO CURRENT_USER USING (true)', partition);
  EXECUTE format('ALTER TABLE audit.denials ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)', partition, first, after_last);
END $function$;
GRANT EXECUTE ON ROUTINE audit.prepare_denial_month(date) TO postern_audit;

CREATE TABLE audit.smtp_users (
  id uuid NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  username text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  removed boolean NOT NULL,
  mode text NOT NULL,
  enforce_at text COLLATE "C",
  restricted boolean NOT NULL,
  version integer NOT NULL,
  event_id uuid NOT NULL,
  CONSTRAINT smtp_users_pkey PRIMARY KEY (id)
) WITH (fillfactor=60);
CREATE INDEX smtp_users_of_tenant ON audit.smtp_users USING btree (tenant_id, id);
ALTER TABLE audit.smtp_users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.smtp_users AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.smtp_users AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.smtp_users AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT, UPDATE ON TABLE audit.smtp_users TO postern_audit;
GRANT SELECT ON TABLE audit.smtp_users TO postern_audit_reader;

CREATE TABLE audit.usernames (
  tenant_id text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  smtp_user_id uuid NOT NULL,
  CONSTRAINT usernames_pkey PRIMARY KEY (tenant_id, username_key, smtp_user_id)
);
CREATE INDEX usernames_of_smtp_user ON audit.usernames USING btree (smtp_user_id);
ALTER TABLE audit.usernames ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON audit.usernames AS PERMISSIVE FOR ALL TO postern_audit
  USING (true);
CREATE POLICY own_tenant ON audit.usernames AS PERMISSIVE FOR SELECT TO postern_audit_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON audit.usernames AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT ON TABLE audit.usernames TO postern_audit;
GRANT SELECT ON TABLE audit.usernames TO postern_audit_reader;

CREATE SCHEMA journal;
GRANT USAGE ON SCHEMA journal TO postern_access;
GRANT USAGE ON SCHEMA journal TO postern_audit;
GRANT USAGE ON SCHEMA journal TO postern_command;
GRANT USAGE ON SCHEMA journal TO postern_feed;
GRANT USAGE ON SCHEMA journal TO postern_journal_writer;
GRANT USAGE ON SCHEMA journal TO postern_projection;

CREATE OR REPLACE FUNCTION journal.append(batch jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
  streams integer;       -- how many different ones (fewer, where hashes collide)
  fits boolean;          -- each append's stream has the version that was expected, with what comes before it in the batch
  given boolean;         -- not all ids were just made: some may be known
  ids uuid[];            -- of all events in the batch
  repeats boolean := false; -- the journal has one of them, or one occurs more than once in the batch
  heads integer[];       -- by append: the stream's version before it
  versions integer[];    -- and after it
  outcomes jsonb;
  recorded timestamptz;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'journal.append must come before anything else that writes in its transaction.'
      USING ERRCODE = 'active_sql_transaction';
  END IF;

  PERFORM pg_advisory_xact_lock(key)
     FROM (SELECT DISTINCT hashtextextended(a ->> 'streamId', 8025) AS key
             FROM jsonb_array_elements(batch) a ORDER BY key) keys;
  GET DIAGNOSTICS streams = ROW_COUNT;

  -- No DISTINCT and no ORDER BY among these: PostgreSQL would sort the input for all of them, and with it the arrays.
  IF jsonb_array_length(batch) = streams THEN
    SELECT bool_and(coalesce(j.expected = j.head, true)), bool_or(j.given), array_agg(j.head), array_agg(j.head + j.events)
      INTO fits, given, heads, versions
      FROM (SELECT a.*, coalesce((SELECT max(k.version) FROM journal.events k WHERE k.stream_id = a.stream_id), 0) AS head
              FROM (SELECT value ->> 'streamId' AS stream_id, (value ->> 'expectedVersion')::integer AS expected,
                           jsonb_array_length(value -> 'events') AS events, value ? 'idsAreGiven' AS given
                      FROM jsonb_array_elements(batch) OFFSET 0) a OFFSET 0) j;
  ELSE
    SELECT bool_and(coalesce(j.expected = j.head, true)), bool_or(j.given), array_agg(j.head), array_agg(j.head + j.events)
      INTO fits, given, heads, versions
      FROM (SELECT a.index, a.expected, a.events, a.given, a.before
                   + coalesce((SELECT max(k.version) FROM journal.events k WHERE k.stream_id = a.stream_id), 0) AS head
              FROM (SELECT b.*, (sum(b.events) OVER (PARTITION BY b.stream_id ORDER BY b.index) - b.events)::integer AS before
                      FROM (SELECT ordinality AS index, value ->> 'streamId' AS stream_id,
                                   (value ->> 'expectedVersion')::integer AS expected,
                                   jsonb_array_length(value -> 'events') AS events, value ? 'idsAreGiven' AS given
                              FROM jsonb_array_elements(batch) WITH ORDINALITY OFFSET 0) b
                     ORDER BY b.index) a OFFSET 0) j;
  END IF;

  IF given THEN
    SELECT array_agg(x.id), count(*) > count(DISTINCT x.id) INTO ids, repeats
      FROM (SELECT (e ->> 'eventId')::uuid AS id
              FROM jsonb_array_elements(batch) a, jsonb_array_elements(a -> 'events') e) x;
    -- One descent for all: they are UUIDv7, and lie side by side in the index.
    repeats := repeats OR EXISTS (SELECT FROM journal.events k WHERE k.event_id = ANY (ids));
  END IF;

  recorded := date_trunc('milliseconds', clock_timestamp());
  IF fits AND NOT repeats THEN
    INSERT INTO journal.events
           (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
    SELECT a.value ->> 'tenantId', a.value ->> 'streamId', heads[a.ordinality] + e.ordinality,
           (e.value ->> 'eventId')::uuid, e.value ->> 'type', (e.value ->> 'schemaVersion')::integer,
           e.value -> 'data', a.value -> 'metadata', recorded
      FROM jsonb_array_elements(batch) WITH ORDINALITY a,
           jsonb_array_elements(a.value -> 'events') WITH ORDINALITY e;
  ELSE
    outcomes := journal.append_in_turn(batch, recorded);
  END IF;

  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    PERFORM pg_notify('journal_appended', '');
  END IF;
  RETURN jsonb_build_object(
    'recordedAt', to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'versions', to_jsonb(versions), 'outcomes', outcomes);
END $function$;
GRANT EXECUTE ON ROUTINE journal.append(jsonb) TO postern_journal_writer;

CREATE OR REPLACE FUNCTION journal.append_before(batch jsonb, not_after timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
DECLARE
  left_ms integer := ceil(extract(epoch FROM not_after - clock_timestamp()) * 1000);
BEGIN
  IF left_ms <= 0 THEN
    RAISE EXCEPTION 'The append arrived after its time. Nothing was appended.' USING ERRCODE = 'transaction_timeout';
  END IF;
  PERFORM set_config('transaction_timeout', left_ms::text, true);
  RETURN journal.append(batch);
END $function$;
GRANT EXECUTE ON ROUTINE journal.append_before(jsonb,timestamp with time zone) TO postern_journal_writer;

CREATE OR REPLACE FUNCTION journal.append_in_turn(batch jsonb, recorded timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
DECLARE
  item record;
  head integer;     -- the stream's version
  ids uuid[];       -- of the append's events
  known uuid[];     -- those that the journal has
  skipped jsonb;    -- those, and those that occur again in the append
  added integer[];  -- the other events, counted from 1
  outcome text;
  outcomes jsonb[] := '{}';
BEGIN
  FOR item IN
    SELECT value AS append, value ->> 'streamId' AS stream_id, (value ->> 'expectedVersion')::integer AS expected
      FROM jsonb_array_elements(batch)
  LOOP
    head := coalesce((SELECT max(version) FROM journal.events WHERE stream_id = item.stream_id), 0);
    ids := ARRAY(SELECT (value ->> 'eventId')::uuid FROM jsonb_array_elements(item.append -> 'events'));
    known := ARRAY(SELECT event_id FROM journal.events WHERE event_id = ANY (ids));
    SELECT coalesce(jsonb_agg(id ORDER BY place) FILTER (WHERE is_known), '[]'),
           coalesce(array_agg(place ORDER BY place) FILTER (WHERE NOT is_known), '{}')
      INTO skipped, added
      FROM (SELECT id, place, id = ANY (known) OR id = ANY (ids[: place - 1]) AS is_known
              FROM unnest(ids) WITH ORDINALITY AS event (id, place)) events;

    IF item.expected <> head THEN
      outcome := 'conflict';
      skipped := '[]';
    ELSIF item.expected IS NOT NULL AND skipped <> '[]' THEN
      outcome := 'duplicate';
    ELSE
      outcome := 'appended';
      INSERT INTO journal.events
             (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
      SELECT item.append ->> 'tenantId', item.stream_id, head + next.count, ids[next.place], e ->> 'type',
             (e ->> 'schemaVersion')::integer, e -> 'data', item.append -> 'metadata', recorded
        FROM unnest(added) WITH ORDINALITY AS next (place, count),
             LATERAL (SELECT item.append -> 'events' -> next.place - 1 AS e OFFSET 0) event;
      head := head + cardinality(added);
    END IF;
    outcomes := outcomes || jsonb_build_array(outcome, head, skipped);
  END LOOP;
  RETURN to_jsonb(outcomes);
END $function$;
GRANT EXECUTE ON ROUTINE journal.append_in_turn(jsonb,timestamp with time zone) TO postern_journal_writer;

CREATE TABLE journal.checkpoints (
  consumer text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  xid xid8 DEFAULT '0'::xid8 NOT NULL,
  "position" bigint DEFAULT 0 NOT NULL,
  broker_offset bigint,
  event_id uuid,
  updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT checkpoints_broker_offset_check CHECK ((broker_offset >= 0)),
  CONSTRAINT checkpoints_pkey PRIMARY KEY (consumer, source)
) WITH (fillfactor=50);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE journal.checkpoints TO postern_feed;

CREATE TABLE journal.events (
  "position" bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  tenant_id text COLLATE "C",
  stream_id text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  event_id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  schema_version integer NOT NULL,
  data jsonb NOT NULL,
  metadata jsonb NOT NULL,
  recorded_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT events_event_id UNIQUE (event_id),
  CONSTRAINT events_feed PRIMARY KEY (xid, "position"),
  CONSTRAINT events_schema_version_check CHECK ((schema_version > 0)),
  CONSTRAINT events_stream_version UNIQUE (stream_id, version),
  CONSTRAINT events_version_check CHECK ((version > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON journal.events FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change() /* enabled: A */;
ALTER TABLE journal.events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY feed_reads ON journal.events AS PERMISSIVE FOR SELECT TO postern_feed
  USING (true);
CREATE POLICY keys_and_tenants ON journal.events AS PERMISSIVE FOR SELECT TO postern_access
  USING (((stream_id ~~ 'api-key/%'::text) OR (stream_id ~~ 'tenant/%'::text)));
CREATE POLICY own_tenant ON journal.events AS PERMISSIVE FOR SELECT TO postern_command
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON journal.events AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
CREATE POLICY writer_adds ON journal.events AS PERMISSIVE FOR INSERT TO postern_journal_writer
  WITH CHECK (true);
CREATE POLICY writer_looks ON journal.events AS PERMISSIVE FOR SELECT TO postern_journal_writer
  USING (true);
GRANT SELECT ON TABLE journal.events TO postern_access;
GRANT SELECT ON TABLE journal.events TO postern_command;
GRANT SELECT ON TABLE journal.events TO postern_feed;
GRANT INSERT (data), INSERT (event_id), INSERT (metadata), INSERT (recorded_at), INSERT (schema_version), INSERT (stream_id), INSERT (tenant_id), INSERT (type), INSERT (version), SELECT (event_id), SELECT (stream_id), SELECT (version) ON TABLE journal.events TO postern_journal_writer;

CREATE TABLE journal.identity (
  one_row boolean DEFAULT true NOT NULL,
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  CONSTRAINT identity_one_row_check CHECK (one_row),
  CONSTRAINT identity_pkey PRIMARY KEY (one_row)
);
GRANT SELECT ON TABLE journal.identity TO postern_audit;
GRANT SELECT ON TABLE journal.identity TO postern_feed;
GRANT SELECT ON TABLE journal.identity TO postern_projection;

CREATE OR REPLACE FUNCTION journal.publisher_lag(categories text[])
 RETURNS TABLE(events integer, seconds double precision)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT count(*)::integer, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8
    FROM (SELECT e.stream_id, e.recorded_at
            FROM journal.events e
           WHERE (e.xid, e.position) > (
                   SELECT coalesce(max(xid), '0'), coalesce(max(position), 0)
                     FROM journal.checkpoints WHERE consumer = 'publisher' AND source = 'journal')
           ORDER BY e.xid, e.position LIMIT 100000) unsent
   WHERE split_part(stream_id, '/', 1) = ANY (categories)
$function$;
GRANT EXECUTE ON ROUTINE journal.publisher_lag(text[]) TO postern_audit;
GRANT EXECUTE ON ROUTINE journal.publisher_lag(text[]) TO postern_projection;

CREATE OR REPLACE FUNCTION journal.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'The journal is append-only: % on journal.events is refused.', TG_OP
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Append an event that corrects the earlier one.';
END $function$;

CREATE TABLE journal.republishes (
  topic text COLLATE "C" NOT NULL,
  until_xid xid8 NOT NULL,
  until_position bigint NOT NULL,
  asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT republishes_pkey PRIMARY KEY (topic)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE journal.republishes TO postern_feed;

CREATE SCHEMA logins;
GRANT USAGE ON SCHEMA logins TO postern_audit_reader;
GRANT USAGE ON SCHEMA logins TO postern_logins_reader;
GRANT USAGE ON SCHEMA logins TO postern_logins_writer;

CREATE OR REPLACE FUNCTION logins.address_set()
 RETURNS logins.address_set
 LANGUAGE internal
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$multirange_constructor0$function$;

CREATE OR REPLACE FUNCTION logins.address_set(logins.addresses)
 RETURNS logins.address_set
 LANGUAGE internal
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$multirange_constructor1$function$;

CREATE OR REPLACE FUNCTION logins.address_set(VARIADIC logins.addresses[])
 RETURNS logins.address_set
 LANGUAGE internal
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$multirange_constructor2$function$;

CREATE OR REPLACE FUNCTION logins.addresses(inet, inet)
 RETURNS logins.addresses
 LANGUAGE internal
 IMMUTABLE PARALLEL SAFE
AS $function$range_constructor2$function$;

CREATE OR REPLACE FUNCTION logins.addresses(inet, inet, text)
 RETURNS logins.addresses
 LANGUAGE internal
 IMMUTABLE PARALLEL SAFE
AS $function$range_constructor3$function$;
GRANT EXECUTE ON ROUTINE logins.addresses(inet,inet,text) TO postern_audit_reader;
GRANT EXECUTE ON ROUTINE logins.addresses(inet,inet,text) TO postern_logins_reader;

CREATE TABLE logins.batches (
  key_id text COLLATE "C" NOT NULL,
  batch_id uuid NOT NULL,
  received_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT batches_pkey PRIMARY KEY (key_id, batch_id)
);
CREATE INDEX batches_by_age ON logins.batches USING btree (received_at);
GRANT DELETE, INSERT, SELECT ON TABLE logins.batches TO postern_logins_writer;

CREATE TABLE logins.overflow (
  smtp_user_id uuid NOT NULL,
  logins bigint NOT NULL,
  day date NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  CONSTRAINT overflow_logins_check CHECK ((logins > 0)),
  CONSTRAINT overflow_pkey PRIMARY KEY (day, smtp_user_id)
);
ALTER TABLE logins.overflow ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON logins.overflow AS PERMISSIVE FOR ALL TO postern_logins_writer
  USING (true);
CREATE POLICY own_tenant ON logins.overflow AS PERMISSIVE FOR SELECT TO postern_audit_reader, postern_logins_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON logins.overflow AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE logins.overflow TO postern_audit_reader;
GRANT SELECT ON TABLE logins.overflow TO postern_logins_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE logins.overflow TO postern_logins_writer;

CREATE TABLE logins.reporters (
  key_id text COLLATE "C" NOT NULL,
  relay text COLLATE "C" NOT NULL,
  first_reported_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  last_reported_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT reporters_pkey PRIMARY KEY (key_id, relay)
);
GRANT SELECT ON TABLE logins.reporters TO postern_audit_reader;
GRANT SELECT ON TABLE logins.reporters TO postern_logins_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE logins.reporters TO postern_logins_writer;

CREATE TABLE logins.sources (
  smtp_user_id uuid NOT NULL,
  logins bigint NOT NULL,
  first_seen_at timestamp(3) with time zone NOT NULL,
  last_seen_at timestamp(3) with time zone NOT NULL,
  entry_id uuid,
  day date NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  address inet NOT NULL,
  relays text[] NOT NULL,
  CONSTRAINT sources_logins_check CHECK ((logins > 0)),
  CONSTRAINT sources_pkey PRIMARY KEY (day, smtp_user_id, address)
) WITH (fillfactor=85);
ALTER TABLE logins.sources ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON logins.sources AS PERMISSIVE FOR ALL TO postern_logins_writer
  USING (true);
CREATE POLICY own_tenant ON logins.sources AS PERMISSIVE FOR SELECT TO postern_audit_reader, postern_logins_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON logins.sources AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE logins.sources TO postern_audit_reader;
GRANT SELECT ON TABLE logins.sources TO postern_logins_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE logins.sources TO postern_logins_writer;

CREATE SCHEMA projection;
GRANT USAGE ON SCHEMA projection TO postern_directory_reader;
GRANT USAGE ON SCHEMA projection TO postern_projection;
GRANT USAGE ON SCHEMA projection TO postern_relay_reader;

CREATE TABLE projection.checkpoints (
  consumer text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  xid xid8 DEFAULT '0'::xid8 NOT NULL,
  "position" bigint DEFAULT 0 NOT NULL,
  broker_offset bigint,
  event_id uuid,
  updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  caught_up_at timestamp with time zone,
  CONSTRAINT checkpoints_broker_offset_check CHECK ((broker_offset >= 0)),
  CONSTRAINT checkpoints_pkey PRIMARY KEY (consumer, source)
) WITH (fillfactor=50);
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE projection.checkpoints TO postern_projection;
GRANT SELECT (caught_up_at), SELECT (consumer) ON TABLE projection.checkpoints TO postern_relay_reader;

CREATE TABLE projection.entries (
  smtp_user_id uuid NOT NULL,
  "position" bigint NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  entry json NOT NULL,
  expires_at text COLLATE "C" DEFAULT (entry ->> 'expiresAt'::text),
  range text COLLATE "C" DEFAULT (entry ->> 'range'::text),
  CONSTRAINT entries_pkey PRIMARY KEY (smtp_user_id, "position")
);
CREATE INDEX entries_by_expiry ON projection.entries USING btree (tenant_id, expires_at, smtp_user_id) WHERE (expires_at IS NOT NULL);
CREATE INDEX entries_by_range ON projection.entries USING btree (tenant_id, range) INCLUDE (smtp_user_id, expires_at);
ALTER TABLE projection.entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.entries AS PERMISSIVE FOR ALL TO postern_projection
  USING (true);
CREATE POLICY own_tenant ON projection.entries AS PERMISSIVE FOR SELECT TO postern_directory_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON projection.entries AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE projection.entries TO postern_directory_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE projection.entries TO postern_projection;

CREATE OR REPLACE FUNCTION projection.find_smtp_users(part text, after_time timestamp with time zone, after_id uuid, most integer)
 RETURNS TABLE(id uuid, created_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'projection', 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
BEGIN
  RETURN QUERY
    SELECT u.id, u.created_at FROM projection.smtp_users u
     WHERE u.tenant_id = current_setting('postern.tenant_id', true) AND NOT u.removed
       AND u.username_key LIKE '%' || regexp_replace(part, '([\\%_])', '\\\1', 'g') || '%'
       AND (after_time IS NULL OR (u.created_at, u.id) < (after_time, after_id))
     ORDER BY u.created_at DESC, u.id DESC LIMIT most;
END
$function$;
GRANT EXECUTE ON ROUTINE projection.find_smtp_users(text,timestamp with time zone,uuid,integer) TO postern_directory_reader;

CREATE TABLE projection.relay_policies (
  smtp_user_id uuid NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  username text COLLATE "C" NOT NULL,
  mode text NOT NULL,
  enforce_at text COLLATE "C",
  restricted boolean NOT NULL,
  entries json NOT NULL,
  version integer NOT NULL,
  event_id uuid NOT NULL,
  claimed_at bigint NOT NULL,
  removed boolean NOT NULL,
  digest bytea NOT NULL,
  revision bigint,
  CONSTRAINT relay_policies_check CHECK ((restricted OR (json_array_length(entries) = 0))),
  CONSTRAINT relay_policies_digest_check CHECK ((octet_length(digest) = 8)),
  CONSTRAINT relay_policies_mode_check CHECK ((mode = ANY (ARRAY['enforce'::text, 'report-only'::text]))),
  CONSTRAINT relay_policies_pkey PRIMARY KEY (smtp_user_id, username_key)
);
CREATE UNIQUE INDEX one_published_policy_per_username ON projection.relay_policies USING btree (username_key) WHERE (revision IS NOT NULL);
CREATE UNIQUE INDEX relay_policies_by_revision ON projection.relay_policies USING btree (revision);
CREATE INDEX relay_policies_unpublished ON projection.relay_policies USING btree (username_key, removed, claimed_at) WHERE (revision IS NULL);
ALTER TABLE projection.relay_policies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.relay_policies AS PERMISSIVE FOR ALL TO postern_projection
  USING (true);
CREATE POLICY every_tenant_to_read ON projection.relay_policies AS PERMISSIVE FOR SELECT TO postern_relay_reader
  USING (true);
CREATE POLICY owner ON projection.relay_policies AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT INSERT, SELECT, UPDATE ON TABLE projection.relay_policies TO postern_projection;
GRANT SELECT ON TABLE projection.relay_policies TO postern_relay_reader;

CREATE TABLE projection.relay_policy_publication (
  one_row boolean DEFAULT true NOT NULL,
  revision bigint NOT NULL,
  updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT relay_policy_publication_one_row_check CHECK (one_row),
  CONSTRAINT relay_policy_publication_pkey PRIMARY KEY (one_row),
  CONSTRAINT relay_policy_publication_revision_check CHECK ((revision >= 0))
) WITH (fillfactor=50);
GRANT SELECT, UPDATE ON TABLE projection.relay_policy_publication TO postern_projection;

CREATE TABLE projection.relay_policy_totals (
  one_row boolean DEFAULT true NOT NULL,
  revision bigint NOT NULL,
  policies integer NOT NULL,
  digest bytea NOT NULL,
  CONSTRAINT relay_policy_totals_digest_check CHECK ((octet_length(digest) = 8)),
  CONSTRAINT relay_policy_totals_one_row_check CHECK (one_row),
  CONSTRAINT relay_policy_totals_pkey PRIMARY KEY (one_row),
  CONSTRAINT relay_policy_totals_policies_check CHECK ((policies >= 0))
);
ALTER TABLE projection.relay_policy_totals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.relay_policy_totals AS PERMISSIVE FOR ALL TO postern_projection
  USING (true);
CREATE POLICY every_tenant_to_read ON projection.relay_policy_totals AS PERMISSIVE FOR SELECT TO postern_relay_reader
  USING (true);
CREATE POLICY owner ON projection.relay_policy_totals AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT, UPDATE ON TABLE projection.relay_policy_totals TO postern_projection;
GRANT SELECT ON TABLE projection.relay_policy_totals TO postern_relay_reader;

CREATE TABLE projection.smtp_users (
  id uuid NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  username text COLLATE "C" NOT NULL,
  username_key text COLLATE "C" NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  removed boolean NOT NULL,
  mode text NOT NULL,
  enforce_at text COLLATE "C",
  restricted boolean NOT NULL,
  version integer NOT NULL,
  event_id uuid NOT NULL,
  CONSTRAINT smtp_users_pkey PRIMARY KEY (id)
) WITH (fillfactor=60);
CREATE INDEX smtp_users_by_part_of_name ON projection.smtp_users USING gin (username_key projection.gin_trgm_ops) WHERE (NOT removed);
CREATE INDEX smtp_users_of_tenant ON projection.smtp_users USING btree (tenant_id, created_at DESC, id DESC) INCLUDE (username_key, restricted, mode, enforce_at) WHERE (NOT removed);
ALTER TABLE projection.smtp_users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.smtp_users AS PERMISSIVE FOR ALL TO postern_projection
  USING (true);
CREATE POLICY own_tenant ON projection.smtp_users AS PERMISSIVE FOR SELECT TO postern_directory_reader
  USING ((tenant_id = ( SELECT current_setting('postern.tenant_id'::text, true) AS current_setting)));
CREATE POLICY owner ON projection.smtp_users AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);
GRANT SELECT ON TABLE projection.smtp_users TO postern_directory_reader;
GRANT INSERT, SELECT, UPDATE ON TABLE projection.smtp_users TO postern_projection;
