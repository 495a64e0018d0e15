-- What relays answer to a denied login, one row per tenant.
CREATE TABLE projection.tenant_replies (
  tenant_id text COLLATE "C" PRIMARY KEY,
  -- {tenantId, text, helpUrl, opaque}, as relays get it. NULL: the default.
  reply     json,
  -- Of the tenant's last event, and its id: the same version with another id is a conflict.
  version   integer NOT NULL,
  event_id  uuid    NOT NULL,
  -- Rises with each change of a row, in commit order.
  revision  bigint  NOT NULL
);
CREATE UNIQUE INDEX tenant_replies_by_revision ON projection.tenant_replies (revision);

ALTER TABLE projection.tenant_replies ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.tenant_replies FORCE ROW LEVEL SECURITY;
CREATE POLICY every_tenant ON projection.tenant_replies TO postern_projection USING (true);
CREATE POLICY every_tenant_to_read ON projection.tenant_replies FOR SELECT TO postern_relay_reader USING (true);
-- For backup and restore by an owner who is not a superuser.
CREATE POLICY owner ON projection.tenant_replies TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE ON projection.tenant_replies TO postern_projection;
GRANT SELECT ON projection.tenant_replies TO postern_relay_reader;
