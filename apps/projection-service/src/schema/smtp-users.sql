-- A tenant's list, newest first, also by state, and its counts.
CREATE INDEX smtp_users_of_tenant ON projection.smtp_users (tenant_id, created_at DESC, id DESC)
  INCLUDE (username_key, restricted, mode, enforce_at) WHERE NOT removed;

-- Generated columns: `->>` is not leakproof, so row-level security would prevent an index on it. Text, because both
-- values are stored in canonical form, and an invalid value must not stop the consumer.
ALTER TABLE projection.entries
  ADD COLUMN expires_at text COLLATE "C" GENERATED ALWAYS AS (entry ->> 'expiresAt') STORED,
  ADD COLUMN range      text COLLATE "C" GENERATED ALWAYS AS (entry ->> 'range') STORED;
-- Finds users with an entry that expires soon or has expired.
CREATE INDEX entries_by_expiry ON projection.entries (tenant_id, expires_at, smtp_user_id) WHERE expires_at IS NOT NULL;
-- Finds who allows an address: it looks up the 32 or 128 ranges that contain it.
CREATE INDEX entries_by_range ON projection.entries (tenant_id, range) INCLUDE (smtp_user_id, expires_at);
